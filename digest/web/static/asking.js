// Makes the forms nicer; without it they work all the same.
"use strict";

// The time zone of whoever looks at the page.
for (const select of document.querySelectorAll("select[data-guess]")) {
  const zone = Intl.DateTimeFormat().resolvedOptions().timeZone;
  if ([...select.options].some((option) => option.value === zone)) select.value = zone;
}

// The preview changes with what is said.
for (const form of document.querySelectorAll("form[data-preview]")) {
  const place = form.querySelector("#preview");
  let asked = 0, timer;
  const show = async () => {
    const mine = ++asked, data = new FormData(form);
    for (const name of ["address", "library", "challenge", "answer"]) data.delete(name);
    data.set("fragment", "1");
    place.setAttribute("aria-busy", "true");
    try {
      const answer = await fetch(form.dataset.preview, { method: "POST", body: data });
      const html = answer.ok ? await answer.text() : "";
      if (mine === asked && html) {
        const page = new DOMParser().parseFromString(html, "text/html");
        place.replaceChildren(...page.body.childNodes);
      }
    } catch {
      // The button still asks for the whole page.
    }
    if (mine === asked) place.removeAttribute("aria-busy");
  };
  const said = (event) => /^(text|keywords|authors|examples|required|always|dislikes|categories|sources|weight|muted|preferred|size)/.test(event.target.name || "");
  const filled = () => [...form.elements].some((field) => /^(text|keywords|authors|examples|always|categories)-/.test(field.name) && field.value.trim());
  form.addEventListener("change", (event) => {
    if (!said(event) || !filled()) return;
    clearTimeout(timer);
    timer = setTimeout(show, 400);
  });
  const library = form.querySelector("input[type=file]");
  form.addEventListener("submit", (event) => {
    // A file has to be read by the page itself, which shows its titles among the examples.
    if (event.submitter?.formAction.includes("/preview") && !library?.files.length) {
      event.preventDefault();
      show();
    }
  });
}

// The work that a mail costs, begun as soon as the address is known.
for (const form of document.querySelectorAll("form[data-ask]")) {
  const bits = Number(form.dataset.bits), field = form.elements.address;
  if (!bits || !window.Worker) continue;
  let worker, wanted, sending = false;
  const work = () => {
    const address = field.value.trim();
    if (!address || wanted === address) return;
    wanted = address;
    form.elements.answer.value = "";
    worker?.terminate();
    worker = new Worker(form.dataset.worker);
    worker.onmessage = ({ data }) => {
      form.elements.answer.value = data.answer;
      if (sending) form.submit();
    };
    worker.onerror = () => { if (sending) form.submit(); };
    worker.postMessage({ challenge: form.elements.challenge.value, address, bits });
  };
  field.addEventListener("change", work);
  form.addEventListener("submit", (event) => {
    if (event.defaultPrevented || event.submitter?.formAction.includes("/preview")) return;
    work();
    if (!field.value.trim() || form.elements.answer.value) return;
    event.preventDefault();
    sending = true;
  });
  if (field.value) work();
}
