import { AwsClient } from "aws4fetch";
import { AppError } from "../../core/errors.ts";
import type { SourceContext } from "../../core/remote-source.ts";
import { settingAddress } from "../address.ts";
import type { ApiCall, ApiClient } from "../api-client.ts";

/** What an admin should do where AWS refuses the key. */
const awsActions =
  "Allow the key's user s3:ListBucket on the bucket and s3:GetObject on its objects (and kms:Decrypt where they are encrypted with a key of yours), and check the access key, its secret and the region. See docs/sources/bedrock.md.";

/** A page of a bucket's list. */
interface ListPage {
  readonly keys: readonly string[];
  /** What stands before the delimiter in the keys that were grouped by it. */
  readonly groups: readonly string[];
}

/** The bucket that the logs are in. */
export interface LogBucket {
  list(query: { readonly prefix: string; readonly delimiter: string }, signal: AbortSignal): AsyncIterable<ListPage>;
  object(key: string, signal: AbortSignal): Promise<Uint8Array>;
}

const entities: Readonly<Record<string, string>> = {
  amp: "&",
  lt: "<",
  gt: ">",
  quot: '"',
  apos: "'",
  "#13": "\r",
  "#xD": "\r",
  "#10": "\n",
  "#xA": "\n",
};
const unescape = (text: string): string => text.replace(/&([#\w]+);/g, (whole, name: string) => entities[name] ?? whole);

const what = "S3's list of the log bucket";
const changed = (field: string): AppError =>
  new AppError(
    "bad_input",
    `${what} gave an answer that is not as documented, at "${field}": it is missing. Nothing of it was stored; the format may have changed, so update Apex.`,
  );

const inside = (xml: string, tag: string): string | undefined => new RegExp(`<${tag}>([^<]*)</${tag}>`).exec(xml)?.[1];

/** The one `within` of each `tag`. */
const each = (xml: string, tag: string, within: string): readonly string[] =>
  [...xml.matchAll(new RegExp(`<${tag}>(.*?)</${tag}>`, "gs"))].map(([, block = ""]) => {
    const value = inside(block, within);
    if (value === undefined) throw changed(`${tag}.${within}`);
    return unescape(value);
  });

/** Reads an answer to ListObjectsV2: XML of a fixed shape. An AppError where it is cut off (to be asked again) or of another shape. */
function listPage(bytes: Uint8Array): ListPage & { readonly next: string | undefined } {
  const xml = new TextDecoder().decode(bytes).trim();
  if (!/<ListBucketResult[\s>]/.test(xml) || !xml.endsWith("</ListBucketResult>"))
    throw new AppError("provider_down", `${what} gave an answer that is not whole XML. It is tried again later.`);
  const truncated = inside(xml, "IsTruncated");
  if (truncated === undefined) throw changed("IsTruncated");
  const next = inside(xml, "NextContinuationToken");
  if (truncated === "true" && next === undefined) throw changed("NextContinuationToken");
  return {
    keys: each(xml, "Contents", "Key"),
    groups: each(xml, "CommonPrefixes", "Prefix"),
    next: truncated === "true" && next !== undefined ? unescape(next) : undefined,
  };
}

function endpointOf(region: string, settings: SourceContext["settings"]): string {
  if ((settings["endpoint"] ?? "") !== "") return settingAddress(settings, "endpoint");
  return `https://s3.${region}.amazonaws.com${region.startsWith("cn-") ? ".cn" : ""}`;
}

/** Opens the bucket of a source: requests go to its region, with the bucket in the path, each attempt signed anew (SigV4). */
export function openBucket(api: ApiClient, { settings, now }: SourceContext): LogBucket {
  const { accessKeyId = "", secretAccessKey = "", sessionToken = "", region = "", bucket = "" } = settings;
  if (!/^[a-z]{2}(-[a-z]+)+-\d$/.test(region))
    throw new AppError("bad_input", "The setting region is not the name of an AWS region, such as eu-west-1.");
  if (!/^[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]$/.test(bucket))
    throw new AppError("bad_input", "The setting bucket is not the name of an S3 bucket.");
  const root = `${endpointOf(region, settings)}/${bucket}`;
  const aws = new AwsClient({ accessKeyId, secretAccessKey, ...(sessionToken === "" ? {} : { sessionToken }), service: "s3", region });
  const call = (url: URL, name: string): ApiCall => ({
    url,
    headers: {},
    sign: async () => {
      const datetime = now()
        .toISOString()
        .replace(/[:-]|\.\d{3}/g, "");
      const { headers } = await aws.sign(url.href, { method: "GET", aws: { datetime } });
      return Object.fromEntries(headers);
    },
    what: name,
    refused: awsActions,
    missing: "Check the settings bucket, region and prefix.",
  });
  return {
    async *list({ prefix, delimiter }, signal) {
      for (let token: string | undefined, more = true; more; ) {
        const url = new URL(root);
        const query = { "list-type": "2", prefix, delimiter, ...(token === undefined ? {} : { "continuation-token": token }) };
        url.search = new URLSearchParams(query).toString().replaceAll("+", "%20");
        const page = await api.read(call(url, what), listPage, signal);
        yield page;
        token = page.next;
        more = token !== undefined;
      }
    },
    object(key, signal) {
      const path = key.split("/").map(encodeURIComponent).join("/");
      return api.bytes(call(new URL(`${root}/${path}`), "S3's log of model invocations"), signal);
    },
  };
}
