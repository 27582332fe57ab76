"use strict";
/* A price is shown here and never sent: the shop has its own list. */
const message = document.getElementById("message");

async function buy(button) {
  button.disabled = true;
  message.textContent = "正在下单… Ordering…";
  try {
    const wish = { sku: button.dataset.sku };
    const note = document.getElementById("note").value;
    if (note) wish.note = note;
    const answer = await fetch("/orders", {
      method: "POST",
      headers: { "Content-Type": "application/json" },
      body: JSON.stringify(wish),
    });
    const order = await answer.json();
    if (!order.id) throw new Error(order.error.message);
    location.href = "/orders/" + order.id + "/page";
  } catch (error) {
    message.textContent = "没有成功 That did not work: " + error.message;
    button.disabled = false;
  }
}

document.getElementById("goods").addEventListener("click", (event) => {
  if (event.target.dataset.sku) buy(event.target);
});
