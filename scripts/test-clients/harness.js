'use strict';
// What every client test needs: a sandbox of its own, the control door, a merchant's web server,
// and a count of what held.
const { spawn } = require('node:child_process');
const http = require('node:http');
const path = require('node:path');
const readline = require('node:readline');

const root = path.resolve(__dirname, '..', '..');
const program = process.env.WXPAY_SANDBOX || path.join(root, 'build', 'dev', 'bin', 'wxpay-sandbox');

let passed = 0;
let failed = 0;

async function check(name, experiment) {
  try {
    await experiment();
    passed++;
    console.log(`ok ${name}`);
  } catch (err) {
    failed++;
    console.log(`not ok ${name}\n  ${String(err && err.stack).split('\n').slice(0, 4).join('\n  ')}`);
  }
}

function summary() {
  console.log(`${passed} passed, ${failed} failed`);
  process.exitCode = failed === 0 && passed > 0 ? 0 : 1;
}

// Starts a sandbox on free ports; resolves with its ready line and a way to stop it.
function startSandbox() {
  return new Promise((resolve, reject) => {
    const child = spawn(program, ['serve', '--port', '0', '--control-port', '0'], {
      stdio: ['ignore', 'pipe', 'inherit'],
    });
    const limit = setTimeout(() => reject(new Error('no ready line within 20 s')), 20000);
    child.once('error', reject);
    child.once('exit', (code) => reject(new Error(`sandbox ended with ${code}`)));
    readline.createInterface({ input: child.stdout }).once('line', (line) => {
      clearTimeout(limit);
      const ready = JSON.parse(line);
      const stop = () =>
        new Promise((done) => {
          child.removeAllListeners('exit');
          child.once('exit', (code, signal) => done(code === null ? signal : code));
          child.kill('SIGTERM');
        });
      resolve({ ...ready, stop });
    });
  });
}

async function control(sandbox, method, target, body) {
  const answer = await fetch(sandbox.control_url + target, {
    method,
    headers: body === undefined ? {} : { 'Content-Type': 'application/json' },
    body: body === undefined ? undefined : JSON.stringify(body),
  });
  const json = await answer.json();
  if (!answer.ok) throw new Error(`${method} ${target}: ${answer.status} ${JSON.stringify(json)}`);
  return json;
}

// A merchant's web server: every POST goes to `handle(body, reply, headers)`.
function startMerchant(handle) {
  return new Promise((resolve) => {
    const server = http.createServer((req, res) => {
      const parts = [];
      req.on('data', (part) => parts.push(part));
      req.on('end', () => handle(Buffer.concat(parts).toString('utf8'), res, req.headers));
    });
    server.listen(0, '127.0.0.1', () =>
      resolve({ server, url: `http://127.0.0.1:${server.address().port}/notify` }));
  });
}

// What the tests of both V3 clients share: an account's keys, orders, what the merchant was told.
async function startV3() {
  const sandbox = await startSandbox();
  const account = `/v1/accounts/${sandbox.account.mch_id}`;
  const told = [];
  let number = 0;
  const merchant = await startMerchant((body, res, headers) => {
    told.push({ body, headers });
    res.statusCode = 204;
    res.end();
  });
  return {
    sandbox,
    account,
    told,
    keys: await control(sandbox, 'GET', `${account}/v3`),
    order: (prefix) => ({
      description: '腾讯充值中心-QQ会员充值',
      out_trade_no: `${prefix}${Date.now()}${number++}`,
      notify_url: merchant.url,
      amount: { total: 88, currency: 'CNY' },
    }),
    pay: (out_trade_no) =>
      control(sandbox, 'POST', '/v1/pay', { mch_id: sandbox.account.mch_id, out_trade_no, wait_ms: 10000 }),
    fault: (spec) => control(sandbox, 'POST', `${account}/faults`, { api: 'v3/query', ...spec }),
    async end() {
      merchant.server.close();
      merchant.server.closeAllConnections();
      return sandbox.stop();
    },
  };
}

module.exports = { startV3, check, summary, startSandbox, startMerchant, control };
