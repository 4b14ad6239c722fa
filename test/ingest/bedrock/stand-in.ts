import { gzipSync } from "node:zlib";
import { AwsV4Signer } from "aws4fetch";
import type { ApiAnswer, ApiRequest } from "../../setup/fake-api.ts";

export const keyId = "AKIAIOSFODNN7EXAMPLE";
export const secretKey = "wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY";
export const now = new Date("2026-11-02T10:00:00Z");
export const region = "eu-west-1";

/** A line of the invocation log as AWS documents it, with bodies that must go nowhere. */
export const logLine = (requestId: string, more: object = {}) => ({
  schemaType: "ModelInvocationLog",
  schemaVersion: "1.0",
  timestamp: "2026-11-01T10:00:00Z",
  accountId: "123456789012",
  identity: { arn: "arn:aws:sts::123456789012:assumed-role/ChatApp/alice@example.com" },
  region: "us-east-1",
  requestId,
  operation: "Converse",
  modelId: "us.anthropic.claude-opus-5",
  inferenceRegion: "us-west-2",
  requestMetadata: { workload: "support-chat", team: "support" },
  input: {
    inputContentType: "application/json",
    inputBodyJson: { messages: [{ role: "user", content: [{ text: "the secret prompt" }] }] },
    inputTokenCount: 100,
    cacheReadInputTokenCount: 0,
    cacheWriteInputTokenCount: 0,
  },
  output: {
    outputContentType: "application/json",
    outputBodyJson: {
      output: { message: { content: [{ text: "the secret answer" }] } },
      usage: { inputTokens: 100, outputTokens: 20, totalTokens: 120 },
    },
    outputTokenCount: 20,
  },
  ...more,
});

export const gz = (lines: readonly unknown[]): Uint8Array =>
  gzipSync(lines.map((line) => (typeof line === "string" ? line : JSON.stringify(line))).join("\n"));

const xmlText = (text: string): string => text.replaceAll("&", "&amp;").replaceAll("<", "&lt;").replaceAll(">", "&gt;");
const failed = (status: number, code: string): ApiAnswer => ({
  status,
  headers: { "content-type": "application/xml" },
  body: `<?xml version="1.0" encoding="UTF-8"?>\n<Error><Code>${code}</Code><RequestId>4442587FB7D0A2F9</RequestId></Error>`,
});

/** Whether a request carries the Signature Version 4 that AWS would compute for it with the right secret. */
async function isSigned({ url, headers }: ApiRequest): Promise<boolean> {
  const signer = new AwsV4Signer({
    url: `http://${headers.host}${url.pathname}${url.search}`,
    method: "GET",
    headers: { "x-amz-content-sha256": String(headers["x-amz-content-sha256"]) },
    accessKeyId: keyId,
    secretAccessKey: secretKey,
    service: "s3",
    region,
    datetime: String(headers["x-amz-date"]),
  });
  const expected = (await signer.sign()).headers.get("authorization");
  return (
    headers["x-amz-date"] === "20261102T100000Z" &&
    expected !== null &&
    expected.includes(`Credential=${keyId}/20261102/${region}/s3/aws4_request`) &&
    headers.authorization === expected
  );
}

function listed(objects: ReadonlyMap<string, Uint8Array>, url: URL, pageSize: number): ApiAnswer {
  const [prefix, delimiter] = [url.searchParams.get("prefix") ?? "", url.searchParams.get("delimiter") ?? ""];
  const after = url.searchParams.get("continuation-token") ?? "";
  const items = new Map<string, "key" | "group">();
  for (const key of [...objects.keys()].sort()) {
    if (!key.startsWith(prefix)) continue;
    const cut = delimiter === "" ? -1 : key.indexOf(delimiter, prefix.length);
    if (cut === -1) items.set(key, "key");
    else items.set(key.slice(0, cut + delimiter.length), "group");
  }
  const left = [...items].filter(([name]) => `opaque ${name}` > after);
  const page = left.slice(0, pageSize);
  const more = left.length > page.length;
  const last = page.at(-1)?.[0] ?? "";
  const parts = page.map(([name, kind]) =>
    kind === "key"
      ? `<Contents><Key>${xmlText(name)}</Key><LastModified>2026-11-01T10:05:00.000Z</LastModified><ETag>&quot;d41d8cd9&quot;</ETag><Size>434</Size><StorageClass>STANDARD</StorageClass></Contents>`
      : `<CommonPrefixes><Prefix>${xmlText(name)}</Prefix></CommonPrefixes>`,
  );
  const next = more ? `<NextContinuationToken>${xmlText(`opaque ${last}`)}</NextContinuationToken>` : "";
  return {
    headers: { "content-type": "application/xml" },
    body: `<?xml version="1.0" encoding="UTF-8"?>\n<ListBucketResult xmlns="http://s3.amazonaws.com/doc/2006-03-01/"><Name>acme-logs</Name><Prefix>${xmlText(prefix)}</Prefix><KeyCount>${page.length}</KeyCount><MaxKeys>${pageSize}</MaxKeys><IsTruncated>${more}</IsTruncated>${next}${parts.join("")}</ListBucketResult>`,
  };
}

/** A stand-in of S3, ours, after AWS's API reference: ListObjectsV2 in pages, GetObject, and signatures that are computed again. */
export const s3StandIn =
  (objects: ReadonlyMap<string, Uint8Array>, pageSize = 2) =>
  async (request: ApiRequest): Promise<ApiAnswer> => {
    const { url } = request;
    if (!(await isSigned(request))) return failed(403, "SignatureDoesNotMatch");
    if (url.pathname === "/acme-logs" && url.searchParams.get("list-type") === "2") return listed(objects, url, pageSize);
    const body = objects.get(decodeURIComponent(url.pathname.replace(/^\/acme-logs\//, "")));
    return body === undefined ? failed(404, "NoSuchKey") : { headers: { "content-type": "application/x-gzip" }, body };
  };
