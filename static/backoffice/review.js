// The reviewer's page: people and pictures by keyboard, one picture over the whole page, remarks saved in place.
// Without scripts people open by click, pictures open in a tab of their own, and a remark loads the page again.
"use strict";

const review = document.querySelector("[data-review]");

if (review) {
  const people = [...review.querySelectorAll("[data-person]")];
  const opinion = document.getElementById("id_opinion");
  const shown = () => people.filter((person) => person.offsetParent !== null);
  const current = () => people.find((person) => person.open);
  let proposed = opinion ? opinion.value : "";

  review.querySelector("[data-keys]").hidden = false;
  review.querySelector("[data-only]").addEventListener("change", (event) => {
    review.classList.toggle("rv-filtered", event.target.checked);
  });

  // -- one person at a time ----------------------------------------------------------------------

  function show(person) {
    for (const other of people) if (other !== person) other.open = false;
    person.open = true;
    person.querySelector("summary").focus({ preventScroll: true });
    person.scrollIntoView({ block: "start" });
  }

  function walk(step) {
    const all = shown();
    if (!all.length) return null;
    const at = all.indexOf(current());
    const next = at < 0 ? all[step > 0 ? 0 : all.length - 1] : all[Math.min(Math.max(at + step, 0), all.length - 1)];
    show(next);
    return next;
  }

  function openAnchor() {
    const person = document.getElementById(location.hash.slice(1));
    if (person && people.includes(person)) show(person);
  }
  addEventListener("hashchange", openAnchor);
  openAnchor();

  // -- one picture over the page -----------------------------------------------------------------

  const viewer = document.createElement("dialog");
  viewer.className = "rv-viewer";
  const bar = document.createElement("div");
  bar.className = "rv-bar";
  const caption = document.createElement("p");
  const image = document.createElement("img");
  const button = (text, label, act) => {
    const made = document.createElement("button");
    made.type = "button";
    made.textContent = text;
    made.setAttribute("aria-label", label);
    made.addEventListener("click", act);
    return made;
  };
  bar.append(
    caption,
    button("←", review.dataset.previous, () => turn(-1)),
    button("→", review.dataset.next, () => turn(1)),
    button("×", review.dataset.close, () => viewer.close()),
  );
  viewer.append(bar, image);
  document.body.append(viewer);
  let picture = null;
  const picturesOf = (person) => (person ? [...person.querySelectorAll("[data-picture]")] : []);

  function look(link) {
    picture = link;
    image.src = link.href;
    image.alt = link.dataset.caption;
    const all = picturesOf(link.closest("[data-person]"));
    caption.textContent = `${link.dataset.caption} (${all.indexOf(link) + 1}/${all.length})`;
    viewer.setAttribute("aria-label", link.dataset.caption);
    if (!viewer.open) viewer.showModal();
  }

  function turn(step) {
    const all = picturesOf(picture ? picture.closest("[data-person]") : current());
    if (!all.length) return;
    const at = all.indexOf(picture);
    look(all[at < 0 ? 0 : (at + step + all.length) % all.length]);
  }

  viewer.addEventListener("close", () => {
    if (picture && picture.offsetParent) picture.focus();
    picture = null;
  });
  review.addEventListener("click", (event) => {
    const link = event.target.closest("[data-picture]");
    if (!link || event.ctrlKey || event.metaKey || event.shiftKey) return;
    event.preventDefault();
    look(link);
  });

  document.addEventListener("keydown", (event) => {
    if (event.ctrlKey || event.metaKey || event.altKey || event.target.closest("input, textarea, select")) return;
    const person = { j: 1, J: 1, k: -1, K: -1 }[event.key];
    const step = { ArrowRight: 1, ArrowLeft: -1 }[event.key];
    if (person) {
      event.preventDefault();
      const next = walk(person);
      const first = picturesOf(next)[0];
      if (viewer.open && first) look(first);
      else if (viewer.open) viewer.close();
    } else if (step && (viewer.open || current())) {
      event.preventDefault();
      turn(step);
    }
  });

  // -- remarks -----------------------------------------------------------------------------------

  // The proposed opinion follows the remarks for as long as nobody has written another.
  function propose(text) {
    if (!opinion || !opinion.required && !proposed) return;
    if (opinion.value === proposed) opinion.value = text;
    proposed = text;
  }

  async function save(form) {
    const status = form.querySelector("[role=status]");
    const box = form.elements.remark;
    const sent = box.value;
    let answer = null;
    try {
      const data = new FormData(form);
      data.delete("csrfmiddlewaretoken"); // the header has the one of the present session
      const response = await Backoffice.ask(form.action, { method: "POST", body: data }, [409]);
      answer = await response.json();
    } catch (error) {
      status.classList.add("bo-late");
      Backoffice.tell(status, error);
      return;
    }
    status.classList.toggle("bo-late", "refusal" in answer);
    status.textContent = answer.refusal ?? review.dataset.saved;
    if ("refusal" in answer) return;
    if (box.value === sent) box.value = answer.remark;
    box.defaultValue = answer.remark;
    const person = form.closest("[data-person]");
    person.querySelector("[data-has-remark]").hidden = !answer.remark;
    if (answer.remark) person.dataset.look = "";
    propose(answer.opinion);
  }

  review.addEventListener("submit", (event) => {
    if (!event.target.matches("[data-remark]")) return;
    event.preventDefault();
    save(event.target);
  });
  // Whoever goes on to the next person does not lose what stands in the box.
  review.addEventListener("focusout", (event) => {
    if (!event.target.matches("[data-remark] textarea") || event.target.value === event.target.defaultValue) return;
    if (event.target.form.contains(event.relatedTarget)) return; // its own button saves
    save(event.target.form);
  });
}
