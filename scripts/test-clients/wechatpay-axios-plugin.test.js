'use strict';
// npm `wechatpay-axios-plugin`: V3, and V2 through the same instance, as a merchant. Unmodified; it is
// pointed here by its baseURL and has the account's keys. It verifies every 2xx itself.
const assert = require('node:assert');
const { Wechatpay, Rsa, Aes, Formatter } = require('wechatpay-axios-plugin');
const { check, control, startV3 } = require('./harness.js');

function client(v3, config = {}) {
  const { keys, sandbox } = v3;
  return new Wechatpay({
    mchid: keys.mch_id,
    serial: keys.merchant.serial,
    privateKey: keys.merchant.private_key,
    certs: { [keys.platform[0].serial]: keys.platform[0].certificate },
    secret: sandbox.account.api_key,
    baseURL: sandbox.api_url,
    ...config,
  });
}

// A refusal as this client tells it: HTTP status and body, or a code of its own.
const refused = (status, code) => (err) => {
  assert.strictEqual(err.response && err.response.status, status);
  assert.strictEqual(err.response.data.code, code);
  return true;
};

module.exports = async function main() {
  const v3 = await startV3();
  const { keys, sandbox, told, account } = v3;
  const api = client(v3);
  const transactions = api.v3.pay.transactions;
  const appid = sandbox.account.appid;
  const mchid = keys.mch_id;
  const byNumber = (out_trade_no, one = api) =>
    one.v3.pay.transactions.outTradeNo['{out_trade_no}'].get({ params: { mchid }, out_trade_no });
  const close = (out_trade_no) =>
    transactions.outTradeNo['{out_trade_no}'].close.post({ mchid }, { out_trade_no });
  const open = ({ ciphertext, nonce, associated_data }) =>
    Aes.AesGcm.decrypt(ciphertext, keys.apiv3_key, nonce, associated_data);
  const wanted = { appid, mchid, ...v3.order('axios'), attach: '支付 & 测试' };
  const { out_trade_no } = wanted;
  let code_url;
  let transaction_id;

  await check('axios V3: a native order is answered with a code_url, and the answer verifies', async () => {
    const answer = await transactions.native.post(wanted);
    ({ code_url } = answer.data);
    assert.match(code_url, /^weixin:\/\/wxpay\/bizpayurl/);
    assert.match(answer.headers['request-id'], /-0$/);
  });
  await check('axios V3: the same order again has a new code', async () => {
    const { amount, ...rest } = wanted; // another order of members, the same request
    assert.notStrictEqual((await transactions.native.post({ amount, ...rest })).data.code_url, code_url);
  });
  await check('axios V3: the same number with another amount is refused', async () => {
    await assert.rejects(
      transactions.native.post({ ...wanted, amount: { total: 89 } }),
      refused(400, 'INVALID_REQUEST'),
    );
  });
  await check('axios V3: a query says NOTPAY, its signature is over the query too', async () => {
    const { data } = await byNumber(out_trade_no);
    assert.strictEqual(data.trade_state, 'NOTPAY');
    assert.strictEqual(data.amount.total, 88);
  });
  await check('axios V3: the notification verifies and opens', async () => {
    await v3.pay(out_trade_no);
    const { body, headers } = told.at(-1);
    const text = Formatter.response(
      headers['wechatpay-timestamp'], headers['wechatpay-nonce'], body);
    assert.ok(Rsa.verify(text, headers['wechatpay-signature'],
      Rsa.from(keys.platform[0].certificate, Rsa.KEY_TYPE_PUBLIC)));
    const { event_type, resource } = JSON.parse(body);
    assert.strictEqual(event_type, 'TRANSACTION.SUCCESS');
    const paid = JSON.parse(open(resource));
    assert.strictEqual(paid.out_trade_no, out_trade_no);
    assert.strictEqual(paid.attach, '支付 & 测试');
    assert.strictEqual(paid.amount.payer_total, 88);
    ({ transaction_id } = paid);
  });
  await check('axios V3: queries by both numbers say SUCCESS', async () => {
    assert.strictEqual((await byNumber(out_trade_no)).data.trade_state, 'SUCCESS');
    const { data } = await transactions.id['{transaction_id}'].get({ params: { mchid }, transaction_id });
    assert.strictEqual(data.out_trade_no, out_trade_no);
  });
  await check('axios V3: a paid order can neither be ordered again nor closed', async () => {
    await assert.rejects(transactions.native.post(wanted), refused(400, 'ORDERPAID'));
    await assert.rejects(close(out_trade_no), refused(400, 'ORDERPAID'));
  });
  await check('axios V3: a refund is accepted, found, and told', async () => {
    const out_refund_no = `R${out_trade_no}`;
    const refunds = api.v3.refund.domestic.refunds;
    const { data } = await refunds.post({
      out_trade_no, out_refund_no, notify_url: wanted.notify_url,
      amount: { refund: 30, total: 88, currency: 'CNY' },
    });
    assert.strictEqual(data.status, 'PROCESSING');
    await control(sandbox, 'POST', `${account}/clock/advance`, { s: 10, wait_ms: 10000 });
    const found = await refunds['{out_refund_no}'].get({ out_refund_no });
    assert.strictEqual(found.data.status, 'SUCCESS');
    const { event_type, resource } = JSON.parse(told.at(-1).body);
    assert.strictEqual(event_type, 'REFUND.SUCCESS');
    assert.strictEqual(JSON.parse(open(resource)).out_refund_no, out_refund_no);
    assert.strictEqual((await byNumber(out_trade_no)).data.trade_state, 'REFUND');
  });
  await check('axios V3: an unpaid order is closed with a signed 204, and stays closed', async () => {
    const unpaid = { ...wanted, ...v3.order('axios') };
    await transactions.native.post(unpaid);
    assert.strictEqual((await close(unpaid.out_trade_no)).status, 204);
    assert.strictEqual((await byNumber(unpaid.out_trade_no)).data.trade_state, 'CLOSED');
    await assert.rejects(transactions.native.post(unpaid), refused(400, 'ORDER_CLOSED'));
  });
  await check('axios V3: an order nobody made does not exist', async () => {
    await assert.rejects(byNumber('nobody-made-it'), refused(404, 'ORDER_NOT_EXIST'));
  });
  await check('axios V3: the platform certificates open, and verify what comes next', async () => {
    await control(sandbox, 'POST', `${account}/v3/platform`, { sign: true });
    const { data } = await byNumber(out_trade_no, client(v3)).then(
      () => assert.fail('the new certificate is not known yet'),
      (err) => {
        assert.strictEqual(err.code, 'EV3_RES_HEADER_PLATFORM_SERIAL');
        return { data: null };
      });
    assert.strictEqual(data, null);
    // as its command line does: this one answer is verified by what it brings
    const raw = await api.client.v3.get('v3/certificates', { transformResponse: [] });
    const list = JSON.parse(raw.data).data;
    const certs = Object.fromEntries(list.map((one) => [one.serial_no, open(one.encrypt_certificate)]));
    assert.strictEqual(list.length, 2);
    assert.strictEqual((await byNumber(out_trade_no, client(v3, { certs }))).data.trade_state, 'REFUND');
  });
  await check('axios V3: the public key instead of certificates', async () => {
    await control(sandbox, 'PATCH', `${account}/v3`, { mode: 'pubkey' });
    const certs = { [keys.wechatpay.id]: keys.wechatpay.public_key };
    const modern = client(v3, { certs });
    assert.strictEqual((await byNumber(out_trade_no, modern)).data.trade_state, 'REFUND');
    await assert.rejects(modern.v3.certificates.get(), refused(404, 'RESOURCE_NOT_EXISTS'));
  });
  for (const [kind, code] of [
    ['wrong_sign', 'EV3_RES_HEADER_SIGNATURE_DIGEST'],
    ['probe', 'EV3_RES_HEADER_SIGNATURE_DIGEST'],
    ['rogue_key', 'EV3_RES_HEADER_SIGNATURE_DIGEST'],
    ['stale_stamp', 'EV3_RES_HEADER_TIMESTAMP_OFFSET'],
    ['future_stamp', 'EV3_RES_HEADER_TIMESTAMP_OFFSET'],
    ['unknown_serial', 'EV3_RES_HEADER_PLATFORM_SERIAL'],
    ['no_sign', 'EV3_RES_HEADERS_INCOMPLATE'],
  ]) {
    await check(`axios V3: an answer with ${kind} is refused by the client, the next one taken`, async () => {
      const modern = client(v3, { certs: { [keys.wechatpay.id]: keys.wechatpay.public_key } });
      await v3.fault({ kind });
      await assert.rejects(byNumber(out_trade_no, modern), { code });
      assert.strictEqual((await byNumber(out_trade_no, modern)).status, 200);
    });
  }
  await check('axios V3: a wrong key is refused, and the sandbox knows whose it is', async () => {
    const stranger = client(v3, { privateKey: keys.wechatpay.private_key });
    await assert.rejects(byNumber(out_trade_no, stranger), refused(401, 'SIGN_ERROR'));
    const { exchanges } = await control(sandbox, 'GET', `${account}/exchanges?limit=1000&api=v3/query`);
    const why = await control(sandbox, 'GET', `/v1/exchanges/${exchanges.at(-1).id}/explain`);
    assert.match(why.cause, /wrong-key|platform-key/);
  });
  await check('axios V2: the same instance orders, queries and closes in XML', async () => {
    const number = `axiosv2${Date.now()}`;
    const { data } = await api.v2.pay.unifiedorder.post({
      appid, mch_id: mchid, body: 'tea', out_trade_no: number, total_fee: '1', trade_type: 'NATIVE',
      notify_url: wanted.notify_url, spbill_create_ip: '127.0.0.1', product_id: '1', nonce_str: 'n0nce',
    });
    assert.match(data.code_url, /^weixin:/);
    const query = { appid, mch_id: mchid, out_trade_no: number, nonce_str: 'n0nce' };
    assert.strictEqual((await api.v2.pay.orderquery.post(query)).data.trade_state, 'NOTPAY');
    assert.strictEqual((await api.v2.pay.closeorder.post(query)).data.result_code, 'SUCCESS');
  });
  await check('axios V3: the sandbox stops cleanly', async () => {
    assert.strictEqual(await v3.end(), 0);
  });
};
