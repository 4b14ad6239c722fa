import { createPublicKey, generateKeyPairSync } from "node:crypto";
import { importSPKI, jwtVerify } from "jose";
import type { ApiAnswer, ApiRequest } from "../../setup/fake-api.ts";

/** A service account of ours. Its key is made anew for each run. */
const { privateKey } = generateKeyPairSync("rsa", {
  modulusLength: 2048,
  privateKeyEncoding: { type: "pkcs8", format: "pem" },
  publicKeyEncoding: { type: "spki", format: "pem" },
});
const other = generateKeyPairSync("rsa", {
  modulusLength: 2048,
  privateKeyEncoding: { type: "pkcs8", format: "pem" },
  publicKeyEncoding: { type: "spki", format: "pem" },
});
const email = "apex@acme-billing.iam.gserviceaccount.com";
const keyFile = (pem: string): string =>
  JSON.stringify({
    type: "service_account",
    project_id: "acme-billing",
    private_key_id: "kid-1",
    private_key: pem,
    client_email: email,
    token_uri: "https://oauth2.googleapis.com/token",
  });

export const serviceAccount = keyFile(privateKey);
export const revokedAccount = keyFile(other.privateKey);
export const pem = privateKey;
export const table = "acme-billing.exports.gcp_billing_export_v1_01AB23_45CD67_89EF01";
export const now = new Date("2026-11-03T12:00:00Z");
const token = "ya29.granted-for-an-hour";

const columns = [
  "line",
  "day",
  "service",
  "sku_id",
  "sku",
  "project",
  "credit",
  "cost_type",
  "invoice_month",
  "currency",
  "rate",
  "amount",
] as const;
export type Line = Partial<Record<(typeof columns)[number], string | null>>;

const plain: Line = {
  line: "cost",
  day: "2026-11-01",
  service: "Gemini API",
  sku_id: "1A2B-3C4D-5E6F",
  sku: "Generate content input token count Gemini 2.5 Flash short input text",
  project: "acme-chat",
  credit: "",
  cost_type: "regular",
  invoice_month: "202611",
  currency: "USD",
  rate: "1",
  amount: "1",
};

/** Lines as BigQuery gives them: amounts and times are text. */
export const wire = (line: Line) => ({ f: columns.map((name) => ({ v: { ...plain, ...line }[name] ?? null })) });

const schema = { fields: columns.map((name) => ({ name, type: "STRING", mode: "NULLABLE" })) };
const jobReference = { projectId: "acme-billing", jobId: "job_1", location: "EU" };

async function signIn({ body, headers }: ApiRequest): Promise<ApiAnswer> {
  const form = new URLSearchParams(body);
  const assertion = form.get("assertion") ?? "";
  const spki = createPublicKey(privateKey).export({ type: "spki", format: "pem" }).toString();
  try {
    if (form.get("grant_type") !== "urn:ietf:params:oauth:grant-type:jwt-bearer") throw new Error("grant_type");
    const { payload, protectedHeader } = await jwtVerify(assertion, await importSPKI(spki, "RS256"), {
      issuer: email,
      audience: `http://${headers.host}/token`,
      currentDate: now,
      maxTokenAge: "1h",
    });
    if (protectedHeader.kid !== "kid-1") throw new Error("kid");
    if (payload["scope"] !== "https://www.googleapis.com/auth/bigquery.readonly") throw new Error("scope");
  } catch {
    return { status: 400, body: { error: "invalid_grant", error_description: "Invalid JWT Signature." } };
  }
  return { body: { access_token: token, expires_in: 3599, token_type: "Bearer" } };
}

/**
 * A stand-in of Google's OAuth token endpoint and of BigQuery's jobs.query and jobs.getQueryResults, ours, after Google's
 * REST reference: the first answer is not complete, and the rows come in pages of `pageSize`.
 */
export const googleStandIn =
  (lines: readonly Line[], pageSize = 2) =>
  async (request: ApiRequest): Promise<ApiAnswer> => {
    const { method, url, headers, body } = request;
    if (url.pathname === "/token") return signIn(request);
    if (headers.authorization !== `Bearer ${token}`)
      return { status: 401, body: { error: { code: 401, status: "UNAUTHENTICATED", message: "Invalid credentials" } } };
    if (method === "POST" && url.pathname === "/bigquery/v2/projects/acme-billing/queries") {
      if (body.includes('"dryRun":true'))
        return { body: { kind: "bigquery#queryResponse", schema, jobComplete: true, totalBytesProcessed: "10485760" } };
      return { body: { kind: "bigquery#queryResponse", jobReference, jobComplete: false } };
    }
    if (url.pathname === "/bigquery/v2/projects/acme-billing/queries/job_1" && url.searchParams.get("location") === "EU") {
      const from = Number(url.searchParams.get("pageToken") ?? 0);
      const more = from + pageSize < lines.length ? { pageToken: `${from + pageSize}` } : {};
      const rows = lines.slice(from, from + pageSize).map(wire);
      return {
        body: { jobReference, jobComplete: true, schema, totalRows: `${lines.length}`, ...more, ...(rows.length > 0 ? { rows } : {}) },
      };
    }
    return { status: 404, body: { error: { code: 404, status: "NOT_FOUND" } } };
  };
