// Requests of the pages' own scripts. A server error, an ended session and a lost connection are three things, and
// each has its own sentence (templates/admin/core/answers.html).
"use strict";

const Backoffice = (() => {
  class NotAnswered extends Error {
    // kind: lost, server, session, refused, large or busy
    constructor(kind) {
      super(kind);
      this.kind = kind;
    }
  }

  function sentences() {
    return document.querySelector("[data-answers]")?.dataset ?? {};
  }

  // The token of the present session: after signing in again in another tab the page's own one is outdated.
  function token() {
    const found = document.cookie.split("; ").find((pair) => pair.startsWith("csrftoken="));
    return found ? decodeURIComponent(found.slice("csrftoken=".length)) : "";
  }

  function kindOf(answer) {
    if (answer.type === "opaqueredirect") return "session"; // the admin sends strangers to the sign-in page
    if (answer.redirected && new URL(answer.url).pathname === new URL(sentences().signIn ?? "/", location.origin).pathname) return "session";
    if (answer.status === 413) return "large";
    if (answer.status === 429) return "busy";
    if (answer.status >= 500) return "server";
    if (answer.status === 403 || answer.status === 404) return "refused";
    return "";
  }

  // The answer; throws NotAnswered unless it is one that the page understands (`also` are further statuses it takes).
  async function ask(url, options = {}, also = []) {
    const headers = { "X-Requested-With": "fetch", ...(options.headers ?? {}) };
    if (options.method === "POST") headers["X-CSRFToken"] = token();
    let answer;
    try {
      answer = await fetch(url, { credentials: "same-origin", redirect: "manual", ...options, headers });
    } catch {
      throw new NotAnswered("lost");
    }
    const kind = also.includes(answer.status) ? "" : kindOf(answer);
    if (kind) throw new NotAnswered(kind);
    if (!answer.ok && !also.includes(answer.status)) throw new NotAnswered("server");
    return answer;
  }

  // Put the sentence for an error into a box, with the way to sign in where that is what is missing.
  function tell(box, error) {
    const said = sentences();
    const kind = error instanceof NotAnswered ? error.kind : "server";
    box.replaceChildren(document.createTextNode(said[kind] ?? ""));
    if (kind === "session" && said.signIn) {
      const link = document.createElement("a");
      link.className = "bo-link";
      link.href = said.signIn;
      link.target = "_blank";
      link.rel = "noopener";
      link.textContent = said.signInLabel;
      box.append(" ", link);
    }
    return kind;
  }

  return { ask, tell, token, NotAnswered };
})();
