/*
 * report_page.h — the style and the script of report.html: one file that opens offline, so both are
 * written into it.
 */
#ifndef CONFORMANCE_REPORT_PAGE_H
#define CONFORMANCE_REPORT_PAGE_H

static const char page_style[] =
    ":root{--bg:#f6f7f8;--card:#fff;--ink:#1d2329;--dim:#66707a;--line:#e3e6e9;--pass:#0a7d44;"
    "--fail:#c62828;--warn:#a86400;--skip:#7a8591;--inconclusive:#7b3fa0;--error:#8e1b1b;"
    "--code:#f2f4f5}"
    "@media(prefers-color-scheme:dark){:root{--bg:#14181b;--card:#1d2327;--ink:#e4e8eb;"
    "--dim:#97a3ad;--line:#30383e;--pass:#43c07f;--fail:#ff7a73;--warn:#e5a84b;--skip:#93a0ab;"
    "--inconclusive:#c493e6;--error:#ff8d86;--code:#161b1e}}"
    "*{box-sizing:border-box}body{margin:0;background:var(--bg);color:var(--ink);"
    "font:15px/1.5 system-ui,-apple-system,'Segoe UI',Roboto,'Noto Sans CJK SC',sans-serif}"
    "main{max-width:1080px;margin:0 auto;padding:28px 20px 60px}"
    "h1{font-size:26px;margin:0 0 2px}h2{font-size:18px;margin:34px 0 10px}"
    ".dim{color:var(--dim)}.mono,pre,code{font-family:ui-monospace,SFMono-Regular,Menlo,Consolas,"
    "monospace;font-size:13px}"
    ".banner{margin:18px 0;padding:16px 20px;border-radius:10px;background:var(--card);"
    "border:1px solid var(--line);border-left:8px solid var(--pass)}"
    ".banner.bad{border-left-color:var(--fail)}.banner.open{border-left-color:var(--inconclusive)}"
    ".banner b{font-size:19px}"
    ".counts{display:flex;flex-wrap:wrap;gap:10px;margin:14px 0}"
    ".counts button{appearance:none;border:1px solid var(--line);background:var(--card);"
    "color:var(--ink);border-radius:10px;padding:8px 14px;cursor:pointer;text-align:left;"
    "min-width:96px;font:inherit}"
    ".counts button[aria-pressed=true]{outline:2px solid currentColor}"
    ".counts strong{display:block;font-size:22px;line-height:1.2}"
    ".PASS{color:var(--pass)!important}.FAIL{color:var(--fail)!important}"
    ".WARN{color:var(--warn)!important}.SKIP,.NONE{color:var(--skip)!important}"
    ".INCONCLUSIVE{color:var(--inconclusive)!important}.ERROR{color:var(--error)!important}"
    "input[type=search]{width:100%;padding:9px 12px;border:1px solid "
    "var(--line);border-radius:10px;"
    "background:var(--card);color:var(--ink);font:inherit;margin-bottom:10px}"
    ".rules{background:var(--card);border:1px solid var(--line);border-radius:10px;overflow:hidden}"
    ".rule{border-top:1px solid var(--line)}.rule:first-child{border-top:0}"
    ".rule>summary{display:grid;grid-template-columns:84px 76px 132px 1fr;gap:8px;padding:9px 14px;"
    "cursor:pointer;list-style:none}.rule>summary::-webkit-details-marker{display:none}"
    ".rule>summary:hover{background:var(--code)}.verdict{font-weight:650}"
    ".inside{padding:4px 14px 16px 98px}dl{display:grid;grid-template-columns:90px 1fr;gap:4px "
    "10px;"
    "margin:6px 0}dt{color:var(--dim)}dd{margin:0;overflow-wrap:anywhere}"
    ".fact{border:1px solid var(--line);border-radius:8px;margin:8px 0;background:var(--bg)}"
    ".fact>summary{padding:6px 10px;cursor:pointer;overflow-wrap:anywhere}"
    "pre{margin:0;padding:10px;white-space:pre-wrap;overflow-wrap:anywhere;background:var(--code);"
    "border-top:1px solid var(--line);max-height:420px;overflow:auto}"
    ".tag{border:1px solid currentColor;border-radius:6px;padding:0 6px;font-size:12px;"
    "margin-left:6px}table{width:100%;border-collapse:collapse;background:var(--card);"
    "border:1px solid var(--line)}td,th{padding:6px 12px;border-top:1px solid var(--line);"
    "text-align:left;vertical-align:top}td.mono{white-space:nowrap}footer{margin-top:40px;padding-"
    "top:14px;"
    "border-top:1px solid var(--line);overflow-wrap:anywhere}"
    "@media(max-width:640px){.rule>summary{grid-template-columns:1fr 1fr}.inside{padding-left:14px}"
    ".rule>summary span:last-child{grid-column:1/-1}}"
    "@media print{.counts button,input{border:0}.rule{break-inside:avoid}}";

static const char page_script[] =
    "const rules=[...document.querySelectorAll('.rule')],box=document.querySelector('#find'),"
    "buttons=[...document.querySelectorAll('.counts button')];let only='';"
    "function show(){const w=box.value.toLowerCase();for(const r of rules)"
    "r.hidden=(only&&r.dataset.verdict!==only)||(w&&!r.textContent.toLowerCase().includes(w))}"
    "box.addEventListener('input',show);for(const b of buttons)b.addEventListener('click',()=>{"
    "only=only===b.dataset.verdict?'':b.dataset.verdict;for(const o of buttons)"
    "o.setAttribute('aria-pressed',o.dataset.verdict===only);show()});";

#endif
