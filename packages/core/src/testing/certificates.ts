import { generateKeyPairSync, randomBytes, sign } from "node:crypto";
import type { KeyObject } from "node:crypto";
import { isIP } from "node:net";
import { bitString, bool, concat, context, integer, ipOctets, octets, oid, sequence, set, utcTime, utf8 } from "./der.ts";

/** PEM texts. */
export interface ServerTls {
  readonly key: string;
  readonly cert: string;
}

/** PEM texts of a server's key and certificate, and of the authority that signed it. */
export interface TestCertificate extends ServerTls {
  /** What a client has to trust (`ca`). */
  readonly ca: string;
}

const SUBJECT_ALT_NAME = [2, 5, 29, 17];
const BASIC_CONSTRAINTS = [2, 5, 29, 19];
const COMMON_NAME = [2, 5, 4, 3];
const ECDSA_WITH_SHA256 = [1, 2, 840, 10045, 4, 3, 2];

/**
 * A fresh key and a certificate for it, signed by a fresh authority: for servers on loopback, so that no key lies in a
 * repository. Two calls give two authorities, neither of which trusts the other's certificates.
 *
 * @param options.hosts Names and addresses that it is valid for. @default ["localhost", "127.0.0.1"]
 * @param options.expired It ended in 2021. @default false
 */
export function createTestCertificate(options: { hosts?: readonly string[]; expired?: boolean } = {}): TestCertificate {
  const hosts = options.hosts ?? ["localhost", "127.0.0.1"];
  const authority = generateKeyPairSync("ec", { namedCurve: "P-256" });
  const server = generateKeyPairSync("ec", { namedCurve: "P-256" });
  const issuer = name(`multihome test authority ${randomBytes(4).toString("hex")}`);
  const altNames = sequence(...hosts.map((host) => (isIP(host) > 0 ? context(7, ipOctets(host), false) : context(2, Buffer.from(host, "latin1"), false))));
  const ca = certificate({
    subject: issuer, issuer, publicKey: authority.publicKey, signer: authority.privateKey, expired: false,
    extensions: [sequence(oid(BASIC_CONSTRAINTS), bool(true), octets(sequence(bool(true))))],
  });
  const cert = certificate({
    subject: name(hosts[0] ?? "nobody"), issuer, publicKey: server.publicKey, signer: authority.privateKey, expired: options.expired ?? false,
    extensions: [sequence(oid(SUBJECT_ALT_NAME), octets(altNames))],
  });
  return { key: server.privateKey.export({ type: "pkcs8", format: "pem" }) as string, cert, ca };
}

interface Contents {
  subject: Buffer;
  issuer: Buffer;
  publicKey: KeyObject;
  signer: KeyObject;
  expired: boolean;
  extensions: Buffer[];
}

/** RFC 5280, section 4.1. */
function certificate(contents: Contents): string {
  const algorithm = sequence(oid(ECDSA_WITH_SHA256));
  // The first bit of a serial number has to be 0, or it would read as negative.
  const serial = concat(Buffer.from([0x01]), randomBytes(15));
  const body = sequence(
    context(0, integer(Buffer.from([2]))),
    integer(serial),
    algorithm,
    contents.issuer,
    sequence(utcTime("200101000000Z"), utcTime(contents.expired ? "210101000000Z" : "491231235959Z")),
    contents.subject,
    contents.publicKey.export({ type: "spki", format: "der" }),
    context(3, sequence(...contents.extensions)),
  );
  const signed = sequence(body, algorithm, bitString(sign("sha256", body, contents.signer)));
  const lines = signed.toString("base64").match(/.{1,64}/g) ?? [];
  return ["-----BEGIN CERTIFICATE-----", ...lines, "-----END CERTIFICATE-----", ""].join("\n");
}

function name(commonName: string): Buffer {
  return sequence(set(sequence(oid(COMMON_NAME), utf8(commonName))));
}

/** Key and certificate alone: given its authority too, a server would send that along, and clients would say other things of it. */
export function serverTls({ key, cert }: ServerTls): ServerTls {
  return { key, cert };
}
