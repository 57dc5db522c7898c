// Code travels deflated and is unpacked once per page, however many outputs use it.
const inflate = async (text) => {
  const bytes = Uint8Array.from(atob(text), (c) => c.charCodeAt(0));
  return new Response(
    new Blob([bytes]).stream().pipeThrough(new DecompressionStream("deflate")),
  ).text();
};
const modules = (globalThis.minitensorModules ??= {});
const load = (name, text) =>
  (modules[name] ??= inflate(text).then(
    (code) => import(URL.createObjectURL(new Blob([code], { type: "text/javascript" }))),
  ));
