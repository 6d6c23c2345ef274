"use strict";

// The bundle of Swagger UI without the top bar.
SwaggerUIBundle({
  url: "../openapi.json",
  dom_id: "#swagger-ui",
  deepLinking: true,
  displayRequestDuration: true,
  defaultModelsExpandDepth: 0,
  validatorUrl: null,
  onComplete: listSections,
});

// Add a button for each section of the introduction; Swagger UI uses the part after # for its operations.
function listSections() {
  const sections = document.getElementById("sections");
  for (const heading of document.querySelectorAll(".info .renderedMarkdown h2")) {
    sections.append(buttonTo(heading, heading.textContent));
  }
  sections.append(buttonTo(document.querySelector(".scheme-container"), "Endpoints"));
}

function buttonTo(place, text) {
  const button = document.createElement("button");
  button.textContent = text;
  button.addEventListener("click", () => place.scrollIntoView({ behavior: "smooth" }));
  return button;
}
