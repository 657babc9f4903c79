// The application forms: saved while people type, checks, employer search, uploads with progress.
// Everything works without this script as well; it makes a lost connection or a closed phone harmless.
"use strict";
(function () {
    for (const box of document.querySelectorAll("[data-focus]")) box.focus();
    const form = document.getElementById("application");
    if (!form) return;
    const words = JSON.parse(document.getElementById("words").textContent);
    const saved = document.getElementById("saved");
    const say = (word, values) => Object.entries(values || {}).reduce((text, [key, value]) => text.replace(`{${key}}`, value), words[word]);
    const sleep = (seconds) => new Promise((done) => {
        const timer = setTimeout(done, seconds * 1000);
        addEventListener("online", () => { clearTimeout(timer); done(); }, { once: true });
    });
    // The cookie's token is newer than the form's after a sign-in in another tab.
    const csrf = () => (document.cookie.match(/(?:^|; )csrftoken=([^;]+)/) || [])[1] || form.elements.csrfmiddlewaretoken.value;
    // What is sent holds the token as a field too, and the field is what counts.
    const renewToken = () => { form.elements.csrfmiddlewaretoken.value = csrf(); };
    const headers = () => ({ "X-CSRFToken": csrf(), Accept: "application/json" });
    const create = (tag, properties) => Object.assign(document.createElement(tag), properties);
    let stored = "stored" in form.dataset;

    // --- Saving -------------------------------------------------------------------------------------

    // failed: the server had an error, which is no lost connection.
    let dirty = false, timer = null, running = null, stopped = false, failed = false;

    // From the first save on the page has an address of its own: the signed link.
    function adopt(answer) {
        form.elements.seen.value = answer.seen;
        if (!stored) {
            stored = true;
            form.elements.token.value = answer.token;
            form.action = form.dataset.link;
        }
        showAddress();
    }

    function showAddress() {
        if (!stored || location.pathname === form.dataset.link) return;
        history.replaceState(null, "", form.dataset.link);
        const next = document.querySelector(".pub-languages [name=next]");
        if (next) next.value = form.dataset.link;
    }

    function typed(extra) {
        renewToken();
        const data = new FormData(form);
        for (const input of form.querySelectorAll("input[type=file]")) data.delete(input.name);
        for (const [key, value] of Object.entries(extra || {})) data.set(key, value);
        return data;
    }

    function note(text, wrong) {
        saved.textContent = text;
        saved.classList.toggle("pub-saved-wrong", Boolean(wrong));
    }

    function stop(text) {
        stopped = true;
        note(`${text || words.stale} `, true);
        saved.append(create("a", { href: stored ? form.dataset.link : location.href, textContent: words.reload }));
    }

    // One request; the answer's body, or null when there is no connection.
    async function post(url, body, keepalive) {
        try {
            const response = await fetch(url, { method: "POST", headers: headers(), body, keepalive: Boolean(keepalive) });
            const answer = await response.json().catch(() => ({}));
            return Object.assign(answer, { status: response.status, after: Number(response.headers.get("Retry-After")) || 0 });
        } catch {
            return null;
        }
    }

    // One save at a time; tries again until it is through. Resolves to whether all is saved.
    function save(extra) {
        clearTimeout(timer);
        if (stopped) return Promise.resolve(false);
        if (!running) running = saveNow(extra).finally(() => { running = null; if (dirty) later(); });
        return running;
    }

    async function saveNow(extra) {
        dirty = false;
        note(words.saving);
        const answer = await post(stored ? `${form.dataset.link}save/` : form.dataset.begin, typed(extra));
        if (answer && answer.status === 200) {
            adopt(answer);
            note(answer.said || say("saved", { time: new Date().toLocaleTimeString(document.documentElement.lang, { hour: "2-digit", minute: "2-digit" }) }));
            return true;
        }
        dirty = true;
        if (answer && [403, 404, 409].includes(answer.status)) {
            dirty = false;
            stop(answer.error);
            return false;
        }
        failed = Boolean(answer);
        note(answer && answer.error ? answer.error : failed ? words.server : words.offline, true);
        retryIn(answer && answer.after ? answer.after : 5);
        return false;
    }

    function later() { dirty = true; clearTimeout(timer); timer = setTimeout(save, 2000); }
    function retryIn(seconds) { sleep(seconds).then(() => { if (dirty) save(); }); }

    form.addEventListener("input", (event) => {
        if (event.target.type === "file" || event.target.name === "website") return;
        event.target.removeAttribute("aria-invalid");
        later();
    });
    // A phone that is put away may never come back to this page.
    addEventListener("visibilitychange", () => {
        if (document.visibilityState !== "hidden" || !dirty || stopped || running) return;
        dirty = false;
        clearTimeout(timer);
        post(stored ? `${form.dataset.link}save/` : form.dataset.begin, typed(), true).then((answer) => {
            if (answer && answer.status === 200) adopt(answer); else later();
        });
    });

    // Submitting: what is typed is saved first, so that a connection lost at this very moment costs nothing.
    let through = false;
    form.addEventListener("submit", async (event) => {
        const button = event.submitter;
        renewToken();
        if (through || stopped || !button || button.name !== "submit") return;
        event.preventDefault();
        button.disabled = true;
        await Promise.allSettled([running, ...uploads.values()]);
        const complete = await save();
        button.disabled = false;
        if (!complete && !stopped) { note(failed ? words.not_sent : words.stayed, true); return; }
        through = true;
        form.requestSubmit(button);
    });
    addEventListener("pageshow", () => { through = false; });

    // --- Checks while typing ------------------------------------------------------------------------

    for (const input of form.querySelectorAll("[data-check]")) {
        const said = create("p", { className: "pub-note", id: `${input.id}_note` });
        said.setAttribute("role", "status");
        said.dataset.noteFor = input.id;
        input.after(said);
        let last = input.value;
        const check = async () => {
            if (input.value === last) return;
            const mine = last = input.value;
            const answer = await post(form.dataset.check.replace("FIELD", input.dataset.check), new URLSearchParams({ value: mine }));
            if (!answer || answer.status !== 200 || mine !== input.value) return;
            said.textContent = answer.error || answer.note || "";
            said.classList.toggle("pub-note-wrong", Boolean(answer.error));
            input.toggleAttribute("aria-invalid", false);
            if (answer.error) input.setAttribute("aria-invalid", "true");
            const old = document.getElementById(`${input.id}_error`);
            if (old) old.hidden = true;  // it was about the former value
        };
        input.addEventListener("change", check);
        input.addEventListener("input", () => { if (input.value.trim().length === 18) check(); });
    }

    // --- Reviewing body: the classes of the chosen one -----------------------------------------------

    for (const offers of form.querySelectorAll("[data-offers]")) {
        const choice = document.getElementById(offers.dataset.offers);
        const show = () => {
            for (const offer of offers.querySelectorAll("[data-offer]")) offer.hidden = Boolean(choice.value) && offer.dataset.offer !== choice.value;
            if (choice.value) offers.open = true;
        };
        choice.addEventListener("change", show);
        show();
    }

    // --- Employer: a combobox over the server's search -----------------------------------------------

    const employer = document.getElementById("id_employer");
    if (employer) {
        const field = document.getElementById("employer");
        const radios = field.querySelector("[data-options]");
        const checked = field.querySelector("[name=company]:checked");
        const chosen = create("input", { type: "hidden", name: "company", value: checked ? checked.value : "" });
        const list = create("ul", { id: "id_employer_list", className: "pub-options", hidden: true });
        const told = create("p", { className: "pub-note" });
        let options = [], at = -1, wait = null, asked = 0;
        // Where the server asks "which one is it?", the radio buttons stay until something else is typed.
        if (radios && !(checked && radios.querySelectorAll("input").length === 1)) {
            radios.addEventListener("change", (event) => choose({ pk: event.target.value, name: event.target.labels[0].textContent.trim() }));
            for (const radio of radios.querySelectorAll("input")) radio.name = "company_shown";
        } else if (radios) radios.remove();
        field.querySelector("[data-find]").remove();
        list.setAttribute("role", "listbox");
        list.setAttribute("aria-label", employer.labels[0].textContent.trim());
        told.setAttribute("role", "status");
        employer.parentElement.append(list);
        employer.parentElement.after(told, chosen);
        for (const [name, value] of Object.entries({ role: "combobox", "aria-controls": list.id, "aria-expanded": "false", "aria-autocomplete": "list" })) employer.setAttribute(name, value);

        const close = () => {
            list.hidden = true;
            at = -1;
            employer.setAttribute("aria-expanded", "false");
            employer.removeAttribute("aria-activedescendant");
        };
        const tell = (text, wrong) => {
            told.textContent = text;
            told.classList.toggle("pub-note-wrong", Boolean(wrong));
        };
        const mark = (next) => {
            at = (next + options.length) % options.length;
            [...list.children].forEach((option, place) => option.setAttribute("aria-selected", String(place === at)));
            employer.setAttribute("aria-activedescendant", list.children[at].id);
            list.children[at].scrollIntoView({ block: "nearest" });
        };
        const choose = (company) => {
            asked += 1;  // an answer still on its way is too late
            employer.value = company.name;
            employer.removeAttribute("aria-invalid");
            chosen.value = company.pk;
            tell(say("chosen", { name: company.name }));
            close();
            later();
        };
        const search = async () => {
            const text = employer.value.trim(), mine = ++asked;
            if (text.length < 2) { close(); tell(""); return; }
            const response = await fetch(`${form.dataset.employers}?${new URLSearchParams({ q: text })}`, { headers: headers() }).catch(() => null);
            const answer = response && await response.json().catch(() => null), failed = response && response.status >= 500;
            if (mine !== asked || document.activeElement !== employer) return;
            if (!answer || !answer.found) { close(); tell(answer && answer.error ? answer.error : failed ? words.server : words.offline, true); return; }
            options = answer.found;
            list.replaceChildren(...options.map((company, place) => {
                const option = create("li", { id: `${list.id}_${place}`, textContent: company.name });
                option.setAttribute("role", "option");
                option.setAttribute("aria-selected", "false");
                option.addEventListener("mousedown", (event) => event.preventDefault());
                option.addEventListener("click", () => choose(company));
                return option;
            }));
            at = -1;
            list.hidden = !options.length;
            employer.setAttribute("aria-expanded", String(Boolean(options.length)));
            if (options.length) list.scrollIntoView({ block: "nearest" });
            tell(options.length ? say("found", { count: options.length }) : words.none, !options.length);
        };
        employer.addEventListener("input", () => {
            chosen.value = "";
            if (radios) radios.remove();
            clearTimeout(wait);
            wait = setTimeout(search, 250);
        });
        employer.addEventListener("blur", () => {
            close();
            if (employer.value.trim() && !chosen.value && !field.contains(document.querySelector("[data-options]"))) tell(words.choose, true);
        });
        employer.addEventListener("keydown", (event) => {
            if (list.hidden) {
                if (event.key === "ArrowDown" || event.key === "Enter") { event.preventDefault(); search(); }
                return;
            }
            if (event.key === "Escape") close();
            else if (event.key === "ArrowDown" || event.key === "ArrowUp") {
                event.preventDefault();
                mark(event.key === "ArrowDown" ? at + 1 : at < 0 ? options.length - 1 : at - 1);
            } else if (event.key === "Enter") {
                event.preventDefault();
                if (at >= 0) choose(options[at]);
                else if (options.length === 1) choose(options[0]);
            }
        });
    }

    // --- Pictures -----------------------------------------------------------------------------------

    const uploads = new Map();

    // What happens in the box, or what is wrong with the picture, as one line below it.
    function inform(box, text, wrong) {
        const line = box.querySelector(".pub-note"), errors = box.querySelector("[data-errors]");
        line.textContent = wrong ? "" : text;
        errors.replaceChildren(...(wrong ? [create("li", { textContent: text })] : []));
        box.classList.toggle("pub-field-wrong", Boolean(wrong));
        const input = box.querySelector("[type=file]");
        if (wrong) input.setAttribute("aria-invalid", "true"); else input.removeAttribute("aria-invalid");
    }

    // One attempt; resolves to the answer, or to null when the connection was lost. A picture needs a draft to hang on.
    async function attempt(box, data) {
        if (!stored && !await save()) return stopped ? { status: 409, closed: true } : null;
        const bar = box.querySelector("progress"), code = box.dataset.paper;
        const request = new XMLHttpRequest();
        request.open("POST", `${form.dataset.link}upload/${code}/`);
        for (const [name, value] of Object.entries(headers())) request.setRequestHeader(name, value);
        request.responseType = "json";
        request.upload.addEventListener("progress", (event) => { bar.value = 100 * event.loaded / event.total; });
        data.set("seen", form.elements.seen.value);
        bar.value = 0;
        return new Promise((done) => {
            request.addEventListener("load", () => done(Object.assign(request.response || {}, { status: request.status })));
            for (const broken of ["error", "abort", "timeout"]) request.addEventListener(broken, () => done(null));
            request.send(data);
        });
    }

    // Until it is through: a lost connection only makes it wait.
    async function send(box, data, name) {
        const input = box.querySelector("[type=file]"), bar = box.querySelector("progress");
        const had = box.contains(document.activeElement);
        input.disabled = true;
        bar.hidden = false;
        inform(box, name ? say("uploading", { name }) : words.saving);
        let answer = await attempt(box, data);
        while (answer === null) {
            inform(box, name ? say("waiting", { name }) : words.offline, true);
            await sleep(5);
            answer = await attempt(box, data);
        }
        bar.hidden = true;
        input.disabled = false;
        input.value = "";
        if (answer.status === 200) {
            adopt(answer);
            box.querySelector("[data-inner]").innerHTML = answer.html;
            inform(box, name ? say("uploaded", { name }) : words.removed);
        } else if (answer.closed || answer.status === 403 || answer.status === 404) {
            if (!stopped) stop(answer.error);
        } else {
            inform(box, answer.error || say("failed", { name }), true);
            if (answer.status === 429 || answer.status >= 500) again(box, data, name);
        }
        if (had) box.querySelector("[type=file]").focus();
    }

    function again(box, data, name) {
        const button = create("button", { type: "button", className: "pub-link-button", textContent: words.retry });
        button.addEventListener("click", () => start(box, data, name));
        const line = create("li");
        line.append(button);
        box.querySelector("[data-errors]").append(line);
    }

    function start(box, data, name) {
        uploads.set(box, send(box, data, name).finally(() => uploads.delete(box)));
    }

    form.addEventListener("change", (event) => {
        const box = event.target.closest("[data-paper]");
        if (!box || event.target.type !== "file" || !event.target.files.length || stopped) return;
        const file = event.target.files[0], data = new FormData();
        if (file.size > 10 * 1024 * 1024) {
            event.target.value = "";
            inform(box, say("too_big", { name: file.name }), true);
            return;
        }
        data.set("file", file);
        start(box, data, file.name);
    });
    form.addEventListener("click", (event) => {
        const button = event.target.closest("[data-paper] [name=remove]");
        if (!button || stopped) return;
        event.preventDefault();
        const data = new FormData();
        data.set("remove", "1");
        start(button.closest("[data-paper]"), data, "");
    });

    // "Save and send me the link" stays on the page.
    form.addEventListener("click", (event) => {
        const button = event.target.closest(".pub-buttons [name=save]");
        if (!button || stopped) return;
        event.preventDefault();
        Promise.resolve(running).then(() => save({ link: "1" }));
    });

    showAddress();
})();
