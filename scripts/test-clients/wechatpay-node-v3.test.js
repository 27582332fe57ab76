'use strict';
// npm `wechatpay-node-v3`: V3 as a merchant. Its addresses are constants, so its own HTTP client is given
// back through createHttp with another host; nothing else is touched. It verifies no answer by itself.
const assert = require('node:assert');
const Pay = require('wechatpay-node-v3');
const { PayRequest } = require('wechatpay-node-v3/dist/lib/pay-request');
const { check, startV3 } = require('./harness.js');

function client(v3, config = {}) {
  const { keys, sandbox } = v3;
  const here = (url) => url.replace('https://api.mch.weixin.qq.com', sandbox.api_url);
  class Redirected extends PayRequest {
    post(url, params, headers) { return super.post(here(url), params, headers); }
    get(url, headers) { return super.get(here(url), headers); }
  }
  const api = new Pay({
    appid: sandbox.account.appid,
    mchid: keys.mch_id,
    publicKey: Buffer.from(keys.merchant.certificate), // it reads serial_no from this certificate
    privateKey: Buffer.from(keys.merchant.private_key),
    key: keys.apiv3_key,
    ...config,
  });
  api.createHttp(new Redirected());
  return api;
}

module.exports = async function main() {
  const v3 = await startV3();
  const { keys, told } = v3;
  const api = client(v3);
  const wanted = v3.order('node');
  const { out_trade_no } = wanted;

  await check('node-v3: a native order is answered with a code_url', async () => {
    const answer = await api.transactions_native(wanted);
    assert.strictEqual(answer.status, 200, answer.error);
    assert.match(answer.data.code_url, /^weixin:\/\/wxpay\/bizpayurl/);
  });
  await check('node-v3: a query says NOTPAY', async () => {
    assert.strictEqual((await api.query({ out_trade_no })).data.trade_state, 'NOTPAY');
  });
  await check('node-v3: the certificates open, and are what the account shows', async () => {
    const [one] = await api.get_certificates(keys.apiv3_key);
    assert.strictEqual(one.serial_no, keys.platform[0].serial);
    assert.strictEqual(one.publicKey.trim(), keys.platform[0].public_key.trim());
  });
  await check('node-v3: the notification verifies and opens', async () => {
    await v3.pay(out_trade_no);
    const { body, headers } = told.at(-1);
    const message = {
      body,
      timestamp: headers['wechatpay-timestamp'],
      nonce: headers['wechatpay-nonce'],
      serial: headers['wechatpay-serial'],
      signature: headers['wechatpay-signature'],
    };
    assert.strictEqual(await api.verifySign(message), true);
    assert.strictEqual(await api.verifySign({ ...message, body: `${body} ` }), false);
    assert.strictEqual(await api.verifySign({ ...message, body: JSON.parse(body) }), true); // its habit
    const { ciphertext, associated_data, nonce } = JSON.parse(body).resource;
    const paid = api.decipher_gcm(ciphertext, associated_data, nonce, keys.apiv3_key);
    assert.strictEqual(paid.out_trade_no, out_trade_no);
    assert.strictEqual(paid.trade_state, 'SUCCESS');
    const { data } = await api.query({ transaction_id: paid.transaction_id });
    assert.strictEqual(data.out_trade_no, out_trade_no);
  });
  await check('node-v3: a refund is accepted and found', async () => {
    const out_refund_no = `R${out_trade_no}`;
    const made = await api.refunds({
      out_trade_no, out_refund_no, amount: { refund: 88, total: 88, currency: 'CNY' },
    });
    assert.strictEqual(made.status, 200, made.error);
    assert.strictEqual((await api.find_refunds(out_refund_no)).data.out_refund_no, out_refund_no);
  });
  await check('node-v3: an unpaid order is closed', async () => {
    const unpaid = v3.order('node');
    await api.transactions_native(unpaid);
    assert.strictEqual((await api.close(unpaid.out_trade_no)).status, 204);
    assert.strictEqual((await api.query({ out_trade_no: unpaid.out_trade_no })).data.trade_state, 'CLOSED');
  });
  await check('node-v3: refusals come with their status and words', async () => {
    const { amount, ...without } = v3.order('node');
    const bad = await api.transactions_native(without);
    assert.strictEqual(bad.status, 400);
    assert.match(bad.error, /输入源“\/body\/amount”/);
    assert.strictEqual((await api.query({ out_trade_no: 'nobody-made-it' })).status, 404);
    const stranger = client(v3, { privateKey: Buffer.from(keys.wechatpay.private_key) });
    const no = await stranger.query({ out_trade_no });
    assert.strictEqual(no.status, 401);
    assert.match(no.error, /sign not match/);
  });
  await check('node-v3: the sandbox stops cleanly', async () => {
    assert.strictEqual(await v3.end(), 0);
  });
};
