import { inflateSync } from "node:zlib";

/** A picture as a PNG file holds it: eight bits of red, green, blue and opacity for each pixel. */
export interface Png {
  readonly width: number;
  readonly height: number;
  /** Whether a pixel is white paper. */
  blank(x: number, y: number): boolean;
}

const signature = "89504e470d0a1a0a";

const paeth = (left: number, up: number, corner: number): number => {
  const guess = left + up - corner;
  const [l, u, c] = [Math.abs(guess - left), Math.abs(guess - up), Math.abs(guess - corner)];
  return l <= u && l <= c ? left : u <= c ? up : corner;
};

/** Reads a PNG picture of the one kind that charts are (PNG, 3rd edition: sections 5, 9 and 11). */
export function readPng(bytes: Uint8Array): Png {
  const file = Buffer.from(bytes);
  if (file.subarray(0, 8).toString("hex") !== signature) throw new Error("This is not a PNG picture.");
  const parts: Buffer[] = [];
  for (let at = 8; at < file.length; at += file.readUInt32BE(at) + 12) {
    if (file.toString("latin1", at + 4, at + 8) === "IDAT") parts.push(file.subarray(at + 8, at + 8 + file.readUInt32BE(at)));
  }
  const [width, height] = [file.readUInt32BE(16), file.readUInt32BE(20)];
  if (file[24] !== 8 || file[25] !== 6) throw new Error("This picture is of a kind that is not read here.");
  const raw = inflateSync(Buffer.concat(parts));
  const size = width * 4;
  const pixels = Buffer.alloc(size * height);
  for (let y = 0; y < height; y += 1) {
    const filter = raw[y * (size + 1)] ?? 0;
    for (let x = 0; x < size; x += 1) {
      const at = y * size + x;
      const left = x < 4 ? 0 : (pixels[at - 4] ?? 0);
      const up = y === 0 ? 0 : (pixels[at - size] ?? 0);
      const corner = x < 4 || y === 0 ? 0 : (pixels[at - size - 4] ?? 0);
      const guess = [0, left, up, Math.floor((left + up) / 2), paeth(left, up, corner)][filter] ?? 0;
      pixels[at] = ((raw[y * (size + 1) + 1 + x] ?? 0) + guess) & 255;
    }
  }
  return { width, height, blank: (x, y) => pixels.readUInt32BE(y * size + x * 4) === 0xffffffff };
}
