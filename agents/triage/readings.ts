/** Text as it reads: compatibility forms folded, invisible characters gone, lower case. */
export const asItReads = (text: string): string =>
  text
    .normalize("NFKC")
    .replace(/[\p{Cf}\u034f\u115f\u1160\u3164]+/gu, "")
    .replace(/[^\S\n\u2028\u2029]+/g, " ")
    .toLowerCase();

/** Letters of other scripts that look like Latin ones (a part of Unicode's confusables, UTS 39). */
const lookalikes: ReadonlyMap<string, string> = new Map(
  Array.from(
    "аaеeоoрpсcуyхxіiјjѕsԁdѵvвbнhкkмmтtαaεeιiοoρpυuνvκkτtηnβbɪiɢgɴnʀrᴇeᴀaᴄcᴅdʜhᴊjᴋkʟlᴍmᴏoᴘpꜱsᴛtᴜuᴠvᴡwʏyᴢz".matchAll(/(.)(.)/gu),
    (pair) => [pair[1] ?? "", pair[2] ?? ""],
  ),
);

const digitsForLetters: Readonly<Record<string, string>> = {
  "0": "o",
  "1": "i",
  "3": "e",
  "4": "a",
  "5": "s",
  "7": "t",
  "@": "a",
  $: "s",
  "!": "i",
};

/** Without accents, and with look-alikes as the letters that they look like. */
const plainLetters = (text: string): string =>
  Array.from(text.normalize("NFKD").replace(/\p{M}+/gu, ""), (letter) => lookalikes.get(letter) ?? letter).join("");

/** "1gn0re" as "ignore": signs for letters in words that have letters too. */
const unleeted = (text: string): string =>
  text.replace(/[\p{L}\d@$!]*[\p{L}][\d@$!][\p{L}\d@$!]*|[\d@$!]+\p{L}[\p{L}\d@$!]*/gu, (word) =>
    word.replace(/[\d@$!]/g, (sign) => digitsForLetters[sign] ?? sign),
  );

const letterByLetter = /(?<![\p{L}])\p{L}(?:([ .\-_*])\p{L}(?!\p{L})){3,}/gu;

/** "i g n o r e" and "a-p-p-r-o-v-e" in one word each; a wide gap parts words. */
const joined = (text: string): string => text.replace(letterByLetter, (spread) => spread.replace(/[ .\-_*]/g, ""));

const isReadable = (text: string): boolean => /^[\p{L}\p{N}\p{P}\p{Z}\n]+$/u.test(text) && /\p{L}{3}/u.test(text);

const fromBase64 = (text: string): readonly string[] =>
  [...text.matchAll(/[A-Za-z0-9+/_-]{16,}={0,2}/g)].map(([code]) => Buffer.from(code, "base64").toString("utf8"));

const fromHex = (text: string): readonly string[] =>
  [...text.matchAll(/(?:[0-9a-f]{2}[ :]?){8,}/gi)].map(([code]) => Buffer.from(code.replace(/[ :]/g, ""), "hex").toString("utf8"));

const character = (code: string, radix: number): string => {
  const point = Number.parseInt(code, radix);
  return point > 0 && point <= 0x10_ff_ff ? String.fromCodePoint(point) : "";
};

/** Characters that are written by their numbers, as in programs, addresses and HTML. */
const unescaped = (text: string): string =>
  text
    .replace(/\\u\{?([0-9a-f]{4,6})\}?|%([0-9a-f]{2})|&#x([0-9a-f]{1,6});/gi, (_, a?: string, b?: string, c?: string) =>
      character(a ?? b ?? c ?? "", 16),
    )
    .replace(/&#(\d{1,7});/g, (_, code: string) => character(code, 10));

const rotated = (text: string): string =>
  text.replace(/[a-z]/gi, (letter) => {
    const base = letter <= "Z" ? 65 : 97;
    return String.fromCharCode(((letter.charCodeAt(0) - base + 13) % 26) + base);
  });

/**
 * Every way in which a text may be meant to be read: as it stands, in plain letters, with letters that were spread out or
 * replaced by signs, and decoded (base64, hex, escapes, rot13, backwards). For looking for orders alone: the answer is always
 * about the text as it stands.
 */
export function readings(text: string): readonly string[] {
  const whole = asItReads(text);
  const letters = plainLetters(whole);
  const spread = joined(text.normalize("NFKC").toLowerCase());
  const decoded = [...fromBase64(text), ...fromHex(text), unescaped(text), rotated(text), Array.from(text).reverse().join("")].filter(
    isReadable,
  );
  const all = [whole, letters, unleeted(letters), asItReads(spread), ...decoded.map((one) => plainLetters(asItReads(one)))];
  return [...new Set(all)];
}
