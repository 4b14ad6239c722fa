import { type LookupAddress, type LookupAllOptions, lookup as systemLookup } from "node:dns";
import { isIP, type LookupFunction } from "node:net";
import ipaddr from "ipaddr.js";

/** An address that requests are not sent to. Nothing was sent, and trying again does not help. */
export class UpstreamNotAllowed extends Error {
  override readonly name = "UpstreamNotAllowed";
}

/** Azure's own service for its virtual machines, which lies among public addresses. */
const azureWireServer = "168.63.129.16";

/** Global unicast is all of IPv6 that the internet routes. */
const globalUnicast = ipaddr.IPv6.parseCIDR("2000::/3");

/**
 * Whether an IP address is one of the internet's: not loopback, private, link-local, of a cloud's metadata service, shared, multicast,
 * unspecified, reserved, or IPv6 that stands for an IPv4 address by translation. What cannot be read is none.
 */
export function isPublicAddress(text: string): boolean {
  if (!ipaddr.isValid(text)) return false;
  const address = ipaddr.process(text);
  if (address instanceof ipaddr.IPv6 && !address.match(globalUnicast)) return false;
  return address.range() === "unicast" && address.toString() !== azureWireServer;
}

const notAllowed = (host: string, why: string): UpstreamNotAllowed =>
  new UpstreamNotAllowed(
    `The address ${host} ${why}. An operator who means it sets APEX_TRUSTED_UPSTREAMS to that address and starts the gateway again.`,
  );

/** Reads an upstream's base URL; an UpstreamNotAllowed where it is none. */
export function upstreamUrl(text: string): URL {
  if (URL.canParse(text)) return new URL(text);
  throw new UpstreamNotAllowed("The address of the provider cannot be read.");
}

/** Finds all addresses of a name. */
export type Resolve = (
  host: string,
  options: LookupAllOptions,
  callback: (error: NodeJS.ErrnoException | null, found: readonly LookupAddress[]) => void,
) => void;

/** Resolves a name as the system does, and refuses it where any of its addresses is not public: checked for each connection, at the address it goes to. */
export const guardedLookup =
  (resolve: Resolve = systemLookup): LookupFunction =>
  (host, options, callback) => {
    resolve(host, { ...options, all: true }, (error, found) => {
      if (error !== null) return callback(error, []);
      const [first] = found;
      const hidden = found.find(({ address }) => !isPublicAddress(address));
      if (hidden !== undefined) return callback(notAllowed(host, `resolves to ${hidden.address}, which is not on the public internet`), []);
      if (first === undefined) return callback(Object.assign(new Error(`${host} has no address`), { code: "ENOTFOUND" }), []);
      return options.all === true ? callback(null, [...found]) : callback(null, first.address, first.family);
    });
  };

/** Decides where requests may be sent. */
export interface UpstreamGuard {
  /** Trusts an address, however private: for what the operator says, never for what is stored. */
  trust(baseUrl: string): void;
  /**
   * True where the address is trusted. Otherwise it must be https, without a name or password, and if it names an IP address, a public
   * one: an UpstreamNotAllowed where it is not. Names are checked when they are resolved.
   */
  trusts(url: URL): boolean;
}

/** A guard that trusts nobody yet. */
export function createUpstreamGuard(): UpstreamGuard {
  const trusted = new Set<string>();
  return {
    trust: (baseUrl) => void trusted.add(new URL(baseUrl).origin),
    trusts(url) {
      if (trusted.has(url.origin)) return true;
      const host = url.hostname.replace(/^\[|\]$/g, "");
      if (url.protocol !== "https:") throw notAllowed(url.origin, "is not https");
      if (url.username !== "" || url.password !== "") throw notAllowed(url.host, "carries a name or password");
      if (isIP(host) !== 0 && !isPublicAddress(host)) throw notAllowed(host, "is not on the public internet");
      return false;
    },
  };
}
