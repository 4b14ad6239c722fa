const escaped = (text: string): string => text.replaceAll(/[\\()]/g, "\\$&");

/** A PDF of lines of Helvetica, a list per page; `locked` has a password that nobody knows. */
export function plainPdf(pages: readonly (readonly string[])[], locked = false): Buffer {
  const objects: string[] = [];
  const add = (body: string): number => objects.push(body);
  const font = add("<< /Type /Font /Subtype /Type1 /BaseFont /Helvetica /Encoding /WinAnsiEncoding >>");
  const parent = 2 + pages.length * 2;
  const kids = pages.map((lines) => {
    const drawn = `BT /F1 12 Tf 14 TL 72 720 Td ${lines.map((line) => `(${escaped(line)}) Tj T*`).join(" ")} ET`;
    const content = add(`<< /Length ${Buffer.byteLength(drawn, "latin1")} >>\nstream\n${drawn}\nendstream`);
    return add(
      `<< /Type /Page /Parent ${parent} 0 R /MediaBox [0 0 612 792] /Resources << /Font << /F1 ${font} 0 R >> >> /Contents ${content} 0 R >>`,
    );
  });
  const tree = add(`<< /Type /Pages /Kids [${kids.map((kid) => `${kid} 0 R`).join(" ")}] /Count ${kids.length} >>`);
  const root = add(`<< /Type /Catalog /Pages ${tree} 0 R >>`);
  const secret = "ab".repeat(32);
  const lock = locked ? add(`<< /Filter /Standard /V 1 /R 2 /O <${secret}> /U <${secret}> /P -4 >>`) : 0;
  let file = "%PDF-1.4\n";
  const offsets = objects.map((body, index) => {
    const at = Buffer.byteLength(file, "latin1");
    file += `${index + 1} 0 obj\n${body}\nendobj\n`;
    return at;
  });
  const start = Buffer.byteLength(file, "latin1");
  const table = offsets.map((at) => `${String(at).padStart(10, "0")} 00000 n \n`).join("");
  file += `xref\n0 ${objects.length + 1}\n0000000000 65535 f \n${table}trailer\n<< /Size ${objects.length + 1} /Root ${root} 0 R${
    locked ? ` /Encrypt ${lock} 0 R /ID [<${secret}> <${secret}>]` : ""
  } >>\nstartxref\n${start}\n%%EOF\n`;
  return Buffer.from(file, "latin1");
}
