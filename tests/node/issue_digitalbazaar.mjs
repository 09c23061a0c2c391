// Issues a credential with the libraries of Digital Bazaar, many times over, for benchmarks/issuing.py.
//
// Reads {credential, count, rounds} from stdin; prints {cpu_s}: seconds of processor time for one credential, of the fastest round.

import {readFileSync} from 'node:fs';
import path from 'node:path';
import {fileURLToPath} from 'node:url';
import * as vc from '@digitalbazaar/vc';
import {DataIntegrityProof} from '@digitalbazaar/data-integrity';
import * as Ed25519Multikey from '@digitalbazaar/ed25519-multikey';
import {cryptosuite} from '@digitalbazaar/eddsa-rdfc-2022-cryptosuite';

const CONTEXTS = path.join(path.dirname(fileURLToPath(import.meta.url)), '..', '..', 'issuer', 'contexts');
const sources = JSON.parse(readFileSync(path.join(CONTEXTS, 'sources.json'), 'utf8'));
const documents = new Map(sources.map(({url, file}) => [url, JSON.parse(readFileSync(path.join(CONTEXTS, file), 'utf8'))]));

async function documentLoader(url) {
  if(!documents.has(url)) {
    throw new Error(`NotFoundError: ${url}`);
  }
  return {contextUrl: null, documentUrl: url, document: documents.get(url), tag: 'static'};
}

const {credential, count, rounds} = JSON.parse(readFileSync(0, 'utf8'));
const key = await Ed25519Multikey.generate();
key.controller = `did:key:${key.publicKeyMultibase}`;
key.id = `${key.controller}#${key.publicKeyMultibase}`;
const suite = new DataIntegrityProof({signer: key.signer(), cryptosuite});

async function issueAll() {
  const started = process.cpuUsage();
  for(let place = 0; place < count; place++) {
    const fresh = structuredClone(credential);
    fresh.issuer.id = key.controller;
    const signed = await vc.issue({credential: fresh, suite, documentLoader});
    if(!signed.proof) {
      throw new Error('It was not signed.');
    }
  }
  const {user, system} = process.cpuUsage(started);
  return (user + system) / 1e6 / count;
}

await issueAll(); // warms the compiler up
let best = Infinity;
for(let round = 0; round < rounds; round++) {
  best = Math.min(best, await issueAll());
}
console.log(JSON.stringify({cpu_s: best}));
