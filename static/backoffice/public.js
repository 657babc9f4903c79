// The application forms: drafts saved while typing, checks, employer search, uploads with progress.
// Everything works without this script as well, only less smoothly.
"use strict";

for (const box of document.querySelectorAll("[data-focus]")) box.focus();

for (const form of document.querySelectorAll("form[data-apply]")) {
  const csrf = form.querySelector("[name=csrfmiddlewaretoken]").value;
  const headers = { "X-CSRFToken": csrf, Accept: "application/json" };
  const status = form.querySelector("[data-saved]");
  const address = (tail) => form.dataset.base.replace("TOKEN", form.dataset.token) + tail;
  let timer = null, saving = null, again = false;

  const withoutFiles = () => {
    const data = new FormData(form);
    for (const input of form.querySelectorAll("input[type=file]")) data.delete(input.name);
    return data;
  };

  // One save at a time: two first saves would begin two drafts. Resolves to whether a draft is there.
  function save() {
    if (saving) { again = true; return saving; }
    status.textContent = form.dataset.textSaving;
    const url = form.dataset.token ? address("save/") : form.dataset.begin;
    saving = fetch(url, { method: "POST", headers, body: withoutFiles() }).then(async (answer) => {
      const said = await answer.json().catch(() => ({}));
      if (!answer.ok) { status.textContent = said.error || ""; return false; }
      if (!form.dataset.token) {
        form.dataset.token = said.token;
        form.action = address("");
        history.replaceState(null, "", address(""));
      }
      status.textContent = form.dataset.textSaved + " " + new Date().toLocaleTimeString();
      return true;
    }, () => { status.textContent = form.dataset.textOffline; timer = setTimeout(save, 10000); return false; });
    return saving.finally(() => { saving = null; if (again) { again = false; later(); } });
  }
  function later() { clearTimeout(timer); timer = setTimeout(save, 1500); }
  form.addEventListener("input", (event) => { if (event.target.type !== "file") later(); });
  addEventListener("online", () => { if (status.textContent === form.dataset.textOffline) save(); });
  form.addEventListener("submit", () => clearTimeout(timer));

  // What is right or wrong about a field, said beside it.
  for (const input of form.querySelectorAll("[data-check]")) {
    const note = form.querySelector(`[data-note-for="${input.id}"]`);
    input.addEventListener("change", async () => {
      const body = new URLSearchParams({ value: input.value });
      const url = form.dataset.checkUrl.replace("FIELD", input.dataset.check);
      const said = await fetch(url, { method: "POST", headers, body }).then((a) => a.json()).catch(() => ({}));
      note.textContent = said.error || said.note || "";
      note.classList.toggle("pub-note-wrong", Boolean(said.error));
      if (said.error) input.setAttribute("aria-invalid", "true"); else input.removeAttribute("aria-invalid");
    });
  }

  // Employer: a combobox over the server's search.
  for (const input of form.querySelectorAll("[data-employer]")) {
    const chosen = document.getElementById(input.dataset.employer);
    const list = document.createElement("ul");
    list.id = input.id + "_list"; list.className = "pub-options"; list.hidden = true; list.setAttribute("role", "listbox");
    list.setAttribute("aria-label", input.labels[0].textContent.trim());
    input.after(list);
    for (const [name, value] of Object.entries({ role: "combobox", "aria-controls": list.id, "aria-expanded": "false", "aria-autocomplete": "list" })) input.setAttribute(name, value);
    let wait = null, at = -1, asked = 0;
    const close = () => { list.hidden = true; at = -1; input.setAttribute("aria-expanded", "false"); input.removeAttribute("aria-activedescendant"); };
    const mark = (next) => {
      const options = [...list.querySelectorAll("[role=option]")];
      if (!options.length) return;
      at = (next + options.length) % options.length;
      options.forEach((option, place) => option.setAttribute("aria-selected", String(place === at)));
      input.setAttribute("aria-activedescendant", options[at].id);
      options[at].scrollIntoView({ block: "nearest" });
    };
    const choose = (option) => { input.value = option.textContent; chosen.value = option.dataset.pk; close(); later(); };
    async function search() {
      const typed = input.value.trim(), mine = ++asked;
      if (typed.length < 2) { close(); return; }
      const said = await fetch(form.dataset.employers + "?" + new URLSearchParams({ q: typed }), { headers }).then((a) => a.json()).catch(() => null);
      if (!said || mine !== asked) return;
      list.replaceChildren(...said.found.map((company, place) => {
        const option = document.createElement("li");
        option.id = `${list.id}_${place}`; option.dataset.pk = company.pk; option.textContent = company.name;
        option.setAttribute("role", "option"); option.setAttribute("aria-selected", "false");
        option.addEventListener("mousedown", (event) => { event.preventDefault(); choose(option); });
        return option;
      }));
      if (!said.found.length) {
        const none = document.createElement("li");
        none.textContent = form.dataset.textNone; none.className = "pub-hint"; none.setAttribute("role", "presentation");
        list.append(none);
      }
      list.hidden = false; at = -1; input.setAttribute("aria-expanded", "true");
    }
    input.addEventListener("input", () => { chosen.value = ""; clearTimeout(wait); wait = setTimeout(search, 250); });
    input.addEventListener("blur", close);
    input.addEventListener("keydown", (event) => {
      if (event.key === "ArrowDown" && list.hidden) search();
      if (list.hidden) return;
      if (event.key === "ArrowDown") { event.preventDefault(); mark(at + 1); }
      if (event.key === "ArrowUp") { event.preventDefault(); mark(at - 1); }
      if (event.key === "Escape") close();
      if (event.key === "Enter") {
        event.preventDefault();
        const options = list.querySelectorAll("[role=option]");
        if (at >= 0) choose(options[at]); else if (options.length === 1) choose(options[0]);
      }
    });
  }

  // Pictures go up at once, with progress; after a lost connection they are tried again.
  for (const box of form.querySelectorAll("[data-paper]")) {
    const input = box.querySelector("input[type=file]"), bar = box.querySelector("progress");
    const errors = box.querySelector("[data-errors]"), present = box.querySelector("[data-present]");
    const say = (text) => { errors.replaceChildren(); if (text) { const line = document.createElement("li"); line.textContent = text; errors.append(line); } box.classList.toggle("pub-field-wrong", Boolean(text)); };
    function send(file) {
      const data = new FormData(), request = new XMLHttpRequest();
      data.append("file", file);
      request.open("POST", address(`upload/${box.dataset.paper}/`));
      for (const [name, value] of Object.entries(headers)) request.setRequestHeader(name, value);
      request.responseType = "json";
      request.upload.addEventListener("progress", (event) => { bar.value = event.loaded / event.total * 100; });
      request.addEventListener("load", () => {
        bar.hidden = true; input.disabled = false;
        const said = request.response || {};
        if (request.status !== 200) { say(said.error || request.statusText); input.value = ""; return; }
        say(""); input.value = "";  // it is stored: the form need not send it again
        const picture = document.createElement("img"), name = document.createElement("span");
        picture.src = address(`files/${said.pk}/thumb/`); picture.alt = box.querySelector("label").textContent.trim();
        picture.width = 120; picture.height = 90; name.textContent = "✓ " + said.name;
        present.replaceChildren(picture, " ", name); present.hidden = false;
      });
      request.addEventListener("error", () => { say(form.dataset.textOffline); setTimeout(() => send(file), 5000); });
      bar.hidden = false; bar.value = 0; input.disabled = true; say("");
      request.send(data);
    }
    input.addEventListener("change", async () => {
      const file = input.files[0];
      if (!file) return;
      if (form.dataset.token || await save()) send(file);
    });
  }
}
