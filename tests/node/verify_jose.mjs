// Verifies credentials in JWT form with `jose`, the JOSE library that most of the JavaScript world uses.
//
// usage: node verify_jose.mjs FOLDER FILE.jwt...
// The key comes from the issuer's published DID document, by the `kid` in the JWT's header. Prints one JSON line for each file:
// {file, verified, subject, title, error}. Dates (`nbf`, `exp`) are checked by the library, now.

import {readFileSync} from 'node:fs';
import path from 'node:path';

import {decodeProtectedHeader, importJWK, jwtVerify} from 'jose';

import {goOffline} from './offline_web.mjs';

const [folder, ...files] = process.argv.slice(2);
goOffline(folder);

async function publishedKey(kid) {
  const [did] = kid.split('#');
  const [host, ...segments] = did.split(':').slice(2).map(decodeURIComponent);
  const response = await fetch(['https:/', host, ...(segments.length ? segments : ['.well-known']), 'did.json'].join('/'));
  const document = await response.json();
  const method = document.verificationMethod.find(({id}) => id === kid);
  if(!method || !document.assertionMethod.includes(kid)) {
    throw new Error(`NotFoundError: ${kid} is not in the DID document.`);
  }
  return importJWK(method.publicKeyJwk, 'ES256');
}

for(const file of files) {
  const result = {file: path.basename(file), verified: false, subject: null, title: null, error: null};
  try {
    const jwt = readFileSync(file, 'utf8').trim();
    const {kid} = decodeProtectedHeader(jwt);
    const {payload} = await jwtVerify(jwt, await publishedKey(kid), {algorithms: ['ES256'], typ: 'JWT', issuer: kid.split('#')[0]});
    Object.assign(result, {verified: true, subject: payload.sub, title: payload.credentialSubject.achievement.name});
  } catch(error) {
    result.error = `${error.code ?? error.name}: ${error.message}`;
  }
  process.stdout.write(`${JSON.stringify(result)}\n`);
}
