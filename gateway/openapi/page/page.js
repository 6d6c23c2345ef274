"use strict";

// The bundle of Swagger UI is all of it but the top bar, which we do without.
SwaggerUIBundle({
  url: "../openapi.json",
  dom_id: "#swagger-ui",
  deepLinking: true,
  displayRequestDuration: true,
  defaultModelsExpandDepth: 0,
  validatorUrl: null,
  onComplete: listSections,
});

// Leads from the header to each section of the introduction. The part after # is Swagger UI's, for its operations.
function listSections() {
  const sections = document.getElementById("sections");
  for (const heading of document.querySelectorAll(".info .renderedMarkdown h2")) {
    sections.append(leadingTo(heading, heading.textContent));
  }
  sections.append(leadingTo(document.querySelector(".scheme-container"), "Endpoints"));
}

function leadingTo(place, text) {
  const button = document.createElement("button");
  button.textContent = text;
  button.addEventListener("click", () => place.scrollIntoView({ behavior: "smooth" }));
  return button;
}
