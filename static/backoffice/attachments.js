// The attachments page: "Add" and "Replace" in a kind's box choose the kind in the form and open the file dialogue.
// Without scripts the same links load the page with the kind chosen.
(function () {
    const form = document.getElementById("upload");
    if (!form) return;
    document.addEventListener("click", function (event) {
        const link = event.target.closest("a[data-upload]");
        if (!link) return;
        event.preventDefault();
        form.querySelector("[name=kind]").value = link.dataset.upload;
        form.querySelector("[name=replace]").checked = "replace" in link.dataset;
        form.scrollIntoView({ block: "start" });
        const file = form.querySelector("[type=file]");
        file.focus();
        file.click();
    });
})();
