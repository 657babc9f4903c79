// The payment page: copy buttons, the picture as soon as it is chosen, more vouchers, and the sum as one types.
// Without scripts the values can be selected with one click, and the server adds the rows.
"use strict";

// --- Copy ---
const copied = document.querySelector("[data-copied]");

async function copy(text) {
  try {
    await navigator.clipboard.writeText(text);
  } catch { // no secure page: the old way
    const box = document.createElement("textarea");
    box.value = text;
    document.body.append(box);
    box.select();
    document.execCommand("copy");
    box.remove();
  }
}

for (const button of document.querySelectorAll("button[data-copy]")) {
  button.hidden = false;
  const label = button.textContent;
  button.addEventListener("click", async () => {
    const shown = document.getElementById(button.dataset.copy);
    await copy(shown.dataset.value ?? shown.textContent.trim()); // banks take 1640.00, people read 1,640 元
    button.textContent = copied.dataset.text;
    button.classList.add("pay-done");
    copied.textContent = copied.dataset.text;
    button.focus();
    setTimeout(() => { button.textContent = label; button.classList.remove("pay-done"); copied.textContent = ""; }, 2000);
  });
}

// --- Vouchers ---
const form = document.querySelector("[data-vouchers]");
const rows = form.querySelector("[data-rows]");
const empty = form.querySelector("[data-empty]");
const total = form.querySelector("[name=vouchers-TOTAL_FORMS]");
const sum = form.querySelector("[data-sum]");
const MAX_BYTES = 10 * 1024 * 1024;

const field = (row, name) => row.querySelector(`[name$="-${name}"]`);
const vouchers = () => [...rows.querySelectorAll("[data-voucher]")];

function cents(text) {
  const plain = text.normalize("NFKC").replace(/[¥￥元,，\s]/g, "");
  return /^\d+(\.\d{1,2})?$/.test(plain) ? Math.round(Number(plain) * 100) : 0;
}

function countUp() {
  if (!sum) return;
  const balance = cents(form.dataset.balance);
  const given = vouchers().reduce((all, row) => all + cents(field(row, "amount").value), 0);
  const rest = given - balance;
  const [text, tone] = !rest ? [form.dataset.exact, "success"]
    : rest < 0 ? [form.dataset.missing, "danger"] : [form.dataset.rest, "warning"];
  const yuan = (Math.abs(rest) / 100).toFixed(2).replace(/\.00$/, "");
  sum.textContent = text.replace("%s", yuan);
  sum.className = `pay-sum pay-${tone}`;
}

async function preview(row) {
  const [file] = row.querySelector("[data-image]").files;
  const shown = row.querySelector("[data-preview]");
  const error = row.querySelector("[data-image-error]");
  error.hidden = true;
  if (!file) return;
  const bytes = new Uint8Array(await file.slice(0, 2).arrayBuffer());
  const known = (bytes[0] === 0xff && bytes[1] === 0xd8) || (bytes[0] === 0x89 && bytes[1] === 0x50);
  if (!known || file.size > MAX_BYTES) {
    error.textContent = known ? form.dataset.tooLarge : form.dataset.wrongKind;
    error.hidden = false;
    shown.hidden = true;
    return;
  }
  const reader = new FileReader();
  reader.addEventListener("load", () => {
    const image = document.createElement("img");
    image.alt = file.name;
    image.src = reader.result;
    shown.removeAttribute("href");
    shown.replaceChildren(image);
    shown.hidden = false;
  });
  reader.readAsDataURL(file);
}

function dress(row) {
  row.querySelector("[data-image]").addEventListener("change", () => preview(row));
  field(row, "amount").addEventListener("input", countUp);
  row.querySelector("[data-drop]").hidden = true;
  row.querySelector("[data-remove]").addEventListener("click", () => {
    row.remove();
    number();
    countUp();
    vouchers().at(-1)?.querySelector("input:not([type=hidden])").focus();
  });
}

function number() {
  const all = vouchers();
  all.forEach((row, index) => {
    row.querySelector("[data-number]").textContent = all.length > 1 ? index + 1 : "";
    row.querySelector("[data-remove]").hidden = all.length < 2;
  });
}

form.querySelector("[data-add]")?.addEventListener("click", (event) => {
  event.preventDefault();
  const last = vouchers().at(-1);
  const next = Number(total.value);
  if (vouchers().length >= Number(form.dataset.most) || next >= Number(form.dataset.most)) return;
  const made = document.createElement("div");
  made.innerHTML = empty.innerHTML.replaceAll("__prefix__", String(next));
  const row = made.firstElementChild;
  rows.append(row);
  total.value = String(next + 1);
  if (last) for (const name of ["payer_name", "invoice_title"]) field(row, name).value = field(last, name).value;
  const given = vouchers().reduce((all, other) => all + cents(field(other, "amount").value), 0);
  const missing = cents(form.dataset.balance) - given;
  if (missing > 0) field(row, "amount").value = (missing / 100).toFixed(2);
  dress(row);
  number();
  countUp();
  field(row, "amount").focus();
});

// Enter in a box hands in, not "Another voucher", which is the first button of the form.
form.addEventListener("keydown", (event) => {
  if (event.key !== "Enter" || event.target.tagName !== "INPUT") return;
  event.preventDefault();
  form.requestSubmit(form.querySelector("[data-hand-in]"));
});

// Pictures take a while: say so, and take no second click.
form.addEventListener("submit", () => {
  const button = form.querySelector("[data-hand-in]");
  button.disabled = true;
  button.dataset.label = button.textContent;
  button.textContent = form.dataset.busy;
});
addEventListener("pageshow", (event) => { // back from the next page, as it was left
  const button = form.querySelector("[data-hand-in]");
  if (!event.persisted || !button.dataset.label) return;
  button.disabled = false;
  button.textContent = button.dataset.label;
});

vouchers().forEach(dress);
number();
countUp();
