for (const box of document.querySelectorAll("[data-toggle]")) {
  box.addEventListener("change", () => {
    for (const part of box.closest(".experiment").querySelectorAll(`[data-curve="${box.dataset.toggle}"]`)) part.style.display = box.checked ? "" : "none";
  });
}
for (const button of document.querySelectorAll("[data-copy]")) {
  button.addEventListener("click", async () => {
    const text = document.getElementById(button.dataset.copy).content.textContent;
    const said = button.parentElement.querySelector("[role=status]"), field = button.parentElement.querySelector("textarea");
    said.textContent = "";
    try {
      await navigator.clipboard.writeText(text);
      said.textContent = "Copied.";
    } catch {
      field.hidden = false;
      field.value = text;
      field.focus();
      field.select();
      said.textContent = "The browser does not let pages copy; the text is selected.";
    }
  });
}
const closed = [];
addEventListener("beforeprint", () => {
  for (const part of document.querySelectorAll("details:not([open])")) { closed.push(part); part.open = true; }
});
addEventListener("afterprint", () => { for (const part of closed.splice(0)) part.open = false; });
function reveal(hash) {
  document.getElementById(decodeURIComponent(hash.slice(1)))?.closest("details")?.setAttribute("open", "");
}
addEventListener("hashchange", () => reveal(location.hash));
reveal(location.hash);
