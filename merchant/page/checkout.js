"use strict";
/* Follows the order by asking this shop: every 2 s, after a minute every 10 s, until it is over. */
const id = document.body.dataset.id;
const code = document.getElementById("code");
const state = document.getElementById("state");
const close = document.getElementById("close");
const refunds = document.getElementById("refunds");
const words = {
  creating: "正在准备二维码… Preparing the code…",
  pending: "请用微信扫码支付 Scan with WeChat to pay",
  closing: "正在取消… Cancelling…",
  paid: "已支付，正在发货 Paid; the goods are on their way out",
  shipped: "已支付，已发货 Paid and shipped",
  refunded: "已退款 Refunded",
  closed: "订单已关闭或过期 Closed or expired",
  failed: "下单失败 The order could not be made",
};
const back = {
  asking: "退款中 on its way back",
  processing: "退款中 on its way back",
  success: "已退回 back",
  abnormal: "退款异常，我们会联系您 stuck, we will call you",
  closed: "退款已关闭 not paid back",
  refused: "退款被拒绝 not paid back",
};
const over = ["refunded", "closed", "failed"];
const started = Date.now();

function show(order) {
  state.textContent = words[order.status] || order.status;
  state.classList.toggle("done", order.status === "paid" || order.status === "shipped");
  if (order.qr && !code.hasAttribute("src")) code.setAttribute("src", order.qr);
  if (!order.qr) code.removeAttribute("src"); /* paid, closed or expired: withdrawn */
  code.hidden = !order.qr;
  close.hidden = order.status !== "pending";
  refunds.hidden = !order.refunds;
  refunds.textContent = (order.refunds || [])
    .map((r) => "¥" + (r.amount_fen / 100).toFixed(2) + " " + (back[r.status] || r.status)).join("; ");
}

/* Is money still on its way back? */
function open(order) {
  return (order.refunds || []).some((r) => r.status === "asking" || r.status === "processing");
}

async function follow() {
  try {
    const order = await (await fetch("/orders/" + id)).json();
    show(order);
    if (over.includes(order.status)) return;
    if (order.status === "shipped" && !open(order)) return;
  } catch {
    state.textContent = "连接中断，重试中… Connection lost, trying again…";
  }
  setTimeout(follow, Date.now() - started < 60000 ? 2000 : 10000);
}

close.addEventListener("click", async () => {
  close.disabled = true;
  try {
    show(await (await fetch("/orders/" + id + "/close", { method: "POST" })).json());
  } catch { /* the next poll tells */ }
  close.disabled = false;
});

follow();
