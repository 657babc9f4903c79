// The link to the preview takes the amounts along that were typed but not saved yet.
"use strict";
document.addEventListener("click", (event) => {
    const link = event.target.closest("a[data-what-if]");
    const form = link && document.querySelector(link.dataset.whatIf);
    if (!form) return;
    const address = new URL(link.href);
    for (const name of ["yearly_dues", "renewal_years", "change", "upgrade", "lapsed_year", "practice_dues"]) {
        const field = form.elements.namedItem(name);
        if (field) address.searchParams.set(name, field.value);
    }
    link.href = address.href;
});
