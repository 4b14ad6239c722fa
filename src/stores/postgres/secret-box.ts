import { createCipheriv, createDecipheriv, createHash, createHmac, randomBytes } from "node:crypto";
import { AppError } from "../../core/errors.ts";

const nonceBytes = 12;
const tagBytes = 16;

/** Seals secrets for storage with AES-256-GCM. `context` says what a secret belongs to: elsewhere it does not open. */
export interface SecretBox {
  /** Names the key without telling it. */
  readonly keyId: string;
  seal(text: string, context: string): Uint8Array<ArrayBuffer>;
  /** 32 bytes of its own for each purpose, always the same ones (HMAC-SHA256), in base64url. */
  derive(purpose: string): string;
  open(sealed: Uint8Array, keyId: string, context: string): string;
}

/** A box of one 32-byte key. A seal is nonce (12 bytes), tag (16 bytes), ciphertext. */
export function createSecretBox(key: Buffer): SecretBox {
  if (key.length !== 32) throw new AppError("not_configured", `The secret key has ${key.length} bytes and must have 32.`);
  const keyId = createHash("sha256").update("apex key id").update(key).digest("hex").slice(0, 16);
  return {
    keyId,
    seal(text, context) {
      const nonce = randomBytes(nonceBytes);
      const cipher = createCipheriv("aes-256-gcm", key, nonce).setAAD(Buffer.from(context));
      const body = Buffer.concat([cipher.update(text, "utf8"), cipher.final()]);
      return Uint8Array.from(Buffer.concat([nonce, cipher.getAuthTag(), body]));
    },
    derive: (purpose) => createHmac("sha256", key).update(purpose).digest("base64url"),
    open(sealed, sealedWith, context) {
      if (sealedWith !== keyId) {
        throw new AppError(
          "not_configured",
          `The secret of ${context} was sealed with another key (${sealedWith}): give that key back, or set the secret again.`,
        );
      }
      const bytes = Buffer.from(sealed);
      try {
        const decipher = createDecipheriv("aes-256-gcm", key, bytes.subarray(0, nonceBytes), { authTagLength: tagBytes });
        decipher.setAAD(Buffer.from(context)).setAuthTag(bytes.subarray(nonceBytes, nonceBytes + tagBytes));
        return Buffer.concat([decipher.update(bytes.subarray(nonceBytes + tagBytes)), decipher.final()]).toString("utf8");
      } catch (cause) {
        throw new AppError("internal", `The stored secret of ${context} has been altered: set it again.`, { cause });
      }
    },
  };
}
