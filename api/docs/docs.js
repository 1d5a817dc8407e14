// Shows the contract (/openapi.json) and the error codes (/docs/errors.json). Nothing is loaded from anywhere else, and no
// text of theirs is ever read as HTML.

const METHODS = ["get", "post", "put", "patch", "delete"];
let contract;

/** Makes an element: its attributes, then its children, which are elements or texts; false and empty ones are left out. */
function h(name, attributes, ...children) {
  const element = document.createElement(name);
  for (const [key, value] of Object.entries(attributes ?? {})) {
    if (value !== undefined) element.setAttribute(key, value);
  }
  element.append(...children.flat(Infinity).filter(Boolean));
  return element;
}

/** Text with `code`, **bold** and [links](#to). */
function inline(text) {
  return text.split(/(`[^`]+`|\*\*[^*]+\*\*|\[[^\]]+\]\([^)]+\))/).map((part) => {
    if (part.startsWith("`")) return h("code", {}, part.slice(1, -1));
    if (part.startsWith("**")) return h("strong", {}, part.slice(2, -2));
    const link = /^\[([^\]]+)\]\(([#/][^)]*)\)$/.exec(part);
    return link ? h("a", { href: link[2] }, link[1]) : part;
  });
}

/** Paragraphs and bullet lists. */
function prose(text = "") {
  return text.trim().split(/\n\s*\n/).filter(Boolean).map((block) => {
    const lines = block.split("\n").map((line) => line.trim());
    if (lines.every((line) => line.startsWith("* "))) {
      return h("ul", {}, lines.map((line) => h("li", {}, inline(line.slice(2)))));
    }
    return h("p", {}, inline(lines.join(" ")));
  });
}

/** The object behind a reference, and the last part of its name. */
function resolve(value) {
  if (!value?.$ref) return { value, name: undefined };
  const path = value.$ref.split("/").slice(1);
  return { value: path.reduce((at, key) => at[key], contract), name: path.at(-1) };
}

function typeOf(schema) {
  const { value, name } = resolve(schema);
  if (!value) return "any";
  const of = () => {
    if (value.oneOf) return value.oneOf.map(typeOf).join(" or ");
    if (value.type === "array") return `array of ${typeOf(value.items)}`;
    if (name && value.type === "object") return name;
    return value.format ? `${value.type} (${value.format})` : value.type ?? "any";
  };
  return value.nullable ? `${of()} or null` : of();
}

/** The limits of a schema, in words. */
function limits(schema) {
  const s = resolve(schema).value ?? {};
  const range = (low, high, unit) => {
    if (low === undefined && high === undefined) return undefined;
    if (low === undefined) return `At most ${high.toLocaleString("en")}${unit}.`;
    if (high === undefined) return `At least ${low.toLocaleString("en")}${unit}.`;
    return `${low.toLocaleString("en")} to ${high.toLocaleString("en")}${unit}.`;
  };
  return [
    s.enum && `One of ${s.enum.map((v) => `\`${v}\``).join(", ")}.`,
    range(s.minLength, s.maxLength, " characters"), range(s.minItems, s.maxItems, " items"), range(s.minimum, s.maximum, ""),
    s.default !== undefined && `Default \`${s.default}\`.`,
  ].filter(Boolean).join(" ");
}

function field(name, schema, required, description) {
  const { value } = resolve(schema);
  const text = [description ?? schema.description ?? value?.description, limits(schema)].filter(Boolean).join(" ");
  return h("div", {},
    h("dt", {}, name, h("span", { class: "type" }, typeLink(schema)), required && h("span", { class: "required" }, "required")),
    h("dd", {}, inline(text), members(schema)));
}

/** The schema that has a name of its own behind a schema or the items of an array. */
function target(schema) {
  let found = resolve(schema);
  while (found.value?.type === "array") found = resolve(found.value.items);
  return found;
}

/** The type, as a link where it has a name. */
function typeLink(schema) {
  const { value, name } = target(schema);
  return name && value.properties ? h("a", { href: `#schema-${name}` }, typeOf(schema)) : typeOf(schema);
}

/** The members of an object, or of an array's items, that has no name. */
function members(schema) {
  const { value, name } = target(schema);
  if (name || !value?.properties) return undefined;
  return h("details", { open: "" }, h("summary", {}, "Members"), fields(value));
}

/** A whole body: its type, or the types that it may have, and its members. */
function bodyOf(schema) {
  const choices = schema.oneOf ?? [schema];
  return [h("p", { class: "auth" }, choices.flatMap((choice, i) => [i > 0 && " or ", typeLink(choice)])), choices.map(members)];
}

function fields(schema) {
  const required = new Set(schema.required);
  return h("dl", { class: "fields" }, Object.entries(schema.properties ?? {}).map(([name, s]) => field(name, s, required.has(name))));
}

/** An example of a schema: its own, or one made of those of its members. */
function example(schema, depth = 0) {
  const { value: s } = resolve(schema);
  if (!s || depth > 5) return null;
  if (s.example !== undefined) return s.example;
  if (s.oneOf) return example(s.oneOf[0], depth);
  if (s.enum) return s.enum[0];
  if (s.default !== undefined) return s.default;
  switch (s.type) {
    case "object": return Object.fromEntries(Object.entries(s.properties ?? {}).map(([name, p]) => [name, example(p, depth + 1)]));
    case "array": return depth > 3 ? [] : [example(s.items, depth + 1)];
    case "integer": case "number": return s.minimum ?? 1;
    case "boolean": return true;
    case "string": return { "date-time": "2026-01-31T12:00:00.000Z", uuid: "01983f5e-7c1a-7b5e-9d56-0f2f1a6e4c11", password: "correct horse battery" }[s.format] ?? "text";
    default: return null;
  }
}

function codeBlock(text) {
  const copy = h("button", { class: "copy", type: "button" }, "Copy");
  copy.addEventListener("click", async () => {
    await navigator.clipboard.writeText(text);
    copy.textContent = "Copied";
    setTimeout(() => { copy.textContent = "Copy"; }, 1500);
  });
  return h("div", { class: "code" }, copy, h("pre", { tabindex: "0" }, h("code", {}, text)));
}

function schemesOf(operation) {
  const words = { sessionCookie: "session", apiKey: "API key (Bearer)", writeKey: "API key (Basic user name)" };
  const all = (operation.security ?? contract.security).map((s) => Object.keys(s).map((name) => words[name] ?? name).join(" and "));
  if (all.every((s) => s === "")) return "Open to everybody.";
  return `Needs: ${all.filter(Boolean).join(", or ")}.`;
}

function curl(path, method, operation) {
  const body = resolve(operation.requestBody).value?.content?.["application/json"];
  const lines = [`curl ${location.origin}${path}`];
  if (method !== "get" && !(method === "post" && body)) lines[0] = `curl -X ${method.toUpperCase()} ${location.origin}${path}`;
  if ((operation.security ?? contract.security).some((s) => "apiKey" in s)) lines.push("  -H 'Authorization: Bearer KEY'");
  if (body) {
    const content = body.example ?? example(body.schema);
    lines.push("  -H 'Content-Type: application/json'", `  -d '${JSON.stringify(content, null, 2).replaceAll("'", String.raw`'\''`)}'`);
  }
  return lines.join(" \\\n");
}

function responses(operation) {
  return Object.entries(operation.responses).map(([status, ref]) => {
    const { value } = resolve(ref);
    const [type, media] = Object.entries(value.content ?? {})[0] ?? [];
    const isError = status === "default" || status >= "400";
    return h("div", {},
      h("p", {}, h("strong", { class: isError ? "bad" : "ok" }, status === "default" ? "Errors" : status), " ", inline(value.description),
        status === "default" && h("span", {}, " ", h("a", { href: "#errors" }, "All codes")), type && h("span", { class: "auth" }, ` ${type}`)),
      media?.schema && status !== "default" && bodyOf(media.schema),
      media?.schema && status !== "default" && type === "application/json" &&
        h("details", {}, h("summary", {}, "Example"), codeBlock(JSON.stringify(example(media.schema), null, 2))));
  });
}

function operationCard(path, method, operation, shared) {
  const parameters = [...(shared ?? []), ...(operation.parameters ?? [])].map((p) => resolve(p).value);
  const body = resolve(operation.requestBody).value;
  return h("section", { class: "card", id: operation.operationId, "aria-labelledby": `${operation.operationId}-title` },
    h("h3", { id: `${operation.operationId}-title` }, h("a", { class: "anchor", href: `#${operation.operationId}` }, operation.summary)),
    h("p", { class: "route" }, h("span", { class: `method ${method.toUpperCase()}` }, method.toUpperCase()), path),
    prose(operation.description), h("p", { class: "auth" }, schemesOf(operation)),
    parameters.length > 0 && [h("h4", {}, "Parameters"), h("dl", { class: "fields" },
      parameters.map((p) => field(`${p.name} (${p.in})`, p.schema, p.required, p.description ?? "")))],
    body && [h("h4", {}, "Body"), h("p", { class: "auth" }, Object.keys(body.content).join(", ")),
      bodyOf(Object.values(body.content)[0].schema)],
    h("h4", {}, "Call it"), codeBlock(curl(path, method, operation)), h("h4", {}, "Answers"), responses(operation));
}

function schemaCard(name, schema) {
  return h("section", { class: "card", id: `schema-${name}` },
    h("h3", {}, h("a", { class: "anchor", href: `#schema-${name}` }, name)),
    prose(schema.description), schema.properties ? fields(schema) : h("p", {}, inline(`${typeOf(schema)}. ${limits(schema)}`)));
}

function errorItem(error) {
  return h("li", { id: error.code },
    h("span", { class: "status" }, [...(error.statuses ?? []), error.rejected && "rejected event"].filter(Boolean).join(", ")),
    h("a", { class: "anchor", href: `#${error.code}` }, h("code", {}, error.code)),
    error.messages.map((message) => h("p", {}, inline(message))));
}

/** A chapter for the page and its list for the contents. */
function chapter(id, title, description, parts) {
  return {
    page: [h("h2", { id }, title), prose(description), parts.map((part) => part.element)],
    contents: h("div", { class: "chapter" }, h("h2", {}, title),
      h("ul", {}, parts.map((part) => h("li", { "data-words": part.words.toLowerCase() }, h("a", { href: `#${part.id}` }, part.title))))),
  };
}

function chapters(errors) {
  const all = contract.tags.map((tag) => chapter(`tag-${tag.name}`, tag.name, tag.description,
    Object.entries(contract.paths).flatMap(([path, item]) => METHODS.filter((m) => item[m]?.tags?.includes(tag.name)).map((m) => ({
      id: item[m].operationId, title: item[m].summary, words: `${item[m].summary} ${path} ${item[m].operationId}`,
      element: operationCard(path, m, item[m], item.parameters),
    })))));
  const schemas = Object.entries(contract.components.schemas).filter(([, s]) => s.properties).sort(([a], [b]) => a.localeCompare(b));
  all.push(chapter("schemas", "Schemas", "", schemas.map(([name, s]) => ({ id: `schema-${name}`, title: name, words: name, element: schemaCard(name, s) }))));
  all.push(chapter("errors", "Errors",
    "Every error is a problem document (RFC 9457) with a stable `code` and the `correlation_id` of the request. A text may change, a code does not.\n\n" +
    "An event of an accepted request that breaks a rule is a **rejected event**: it is quarantined, and its code stands in `rejected`, in the receipt and in the quarantine.",
    errors.map((e) => ({ id: e.code, title: e.code, words: `${e.code} ${e.messages.join(" ")}`, element: h("ul", { class: "errors" }, errorItem(e)) }))));
  return all;
}

function search(event) {
  const words = event.target.value.toLowerCase().split(/\s+/).filter(Boolean);
  for (const group of document.querySelectorAll(".chapter")) {
    let any = false;
    for (const item of group.querySelectorAll("li")) {
      item.hidden = !words.every((word) => item.dataset.words.includes(word));
      any ||= !item.hidden;
    }
    group.hidden = !any;
  }
}

function follow() {
  const id = decodeURIComponent(location.hash.slice(1));
  document.querySelector("nav [aria-current]")?.removeAttribute("aria-current");
  const entry = document.querySelector(`nav a[href="#${CSS.escape(id)}"]`);
  entry?.setAttribute("aria-current", "location");
  entry?.scrollIntoView({ block: "nearest", behavior: "instant" });
  if (id) document.getElementById(id)?.scrollIntoView();
}

async function load(path) {
  const response = await fetch(path);
  if (!response.ok) throw new Error(`${path} is answered ${response.status}`);
  return response.json();
}

async function main() {
  const page = document.getElementById("top");
  try {
    const [doc, errors] = await Promise.all([load("/openapi.json"), load("/docs/errors.json")]);
    contract = doc;
    const all = chapters(errors);
    page.replaceChildren(h("h1", {}, `${contract.info.title} API`), ...prose(contract.info.description),
      h("p", { class: "auth" }, "The contract as a file: ", h("a", { href: "/openapi.yaml" }, "openapi.yaml"), ", ", h("a", { href: "/openapi.json" }, "openapi.json")),
      ...all.flatMap((c) => c.page.flat()));
    document.getElementById("contents").replaceChildren(...all.map((c) => c.contents));
    document.getElementById("search").addEventListener("input", search);
    addEventListener("hashchange", follow);
    follow();
  } catch (error) {
    page.replaceChildren(h("h1", {}, "The API description could not be loaded"), h("p", {}, String(error.message)), h("p", {}, h("a", { href: "/openapi.yaml" }, "openapi.yaml")));
  }
}

await main();
