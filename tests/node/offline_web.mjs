// The web as the verifiers see it: the issuer's published folder, the JSON-LD contexts that we ship, and nothing else.
//
// `goOffline(folder)` replaces global fetch and forbids sockets, so that a verifier that asks for anything else fails loudly.

import {existsSync, readFileSync} from 'node:fs';
import net from 'node:net';
import path from 'node:path';
import {fileURLToPath} from 'node:url';

const HERE = path.dirname(fileURLToPath(import.meta.url));
const CONTEXTS = path.join(HERE, '..', '..', 'issuer', 'contexts');

/** What was asked for and not there: [url, ...]. */
export const refused = [];

/** Replace the web by `folder` (did.json, status/*.json, ...); the host is the one that its did.json names. */
export function goOffline(folder) {
  const answers = contextsByUrl();
  const didDocument = JSON.parse(readFileSync(path.join(folder, 'did.json'), 'utf8'));
  const base = baseOfDidWeb(didDocument.id);
  answers.set(base.didDocumentUrl, path.join(folder, 'did.json'));

  globalThis.fetch = async request => {
    const url = typeof request === 'string' ? request : request.url ?? request.href;
    const file = answers.get(url) ?? fileInFolder(folder, base.url, url);
    if(file === undefined) {
      refused.push(url);
      if(!url.startsWith(`${base.url}/`)) {
        throw new TypeError(`fetch failed: this test has no network, and nobody published ${url} in it.`);
      }
      return new Response('Not Found', {status: 404, headers: {'Content-Type': 'text/plain'}});
    }
    return new Response(readFileSync(file, 'utf8'), {status: 200, headers: {'Content-Type': 'application/json'}});
  };
  net.Socket.prototype.connect = () => {
    throw new Error('This test has no network.');
  };
}

function contextsByUrl() {
  const sources = JSON.parse(readFileSync(path.join(CONTEXTS, 'sources.json'), 'utf8'));
  return new Map(sources.map(({url, file}) => [url, path.join(CONTEXTS, file)]));
}

/** did:web:host:path -> where its document and the rest of its site lie (did:web specification, 3.2). */
function baseOfDidWeb(did) {
  const [scheme, method, host, ...segments] = did.split(':').map(decodeURIComponent);
  if(scheme !== 'did' || method !== 'web') {
    throw new Error(`did.json is of ${did}, which is no did:web.`);
  }
  const url = ['https:/', host, ...segments].join('/');
  return {url, didDocumentUrl: segments.length ? `${url}/did.json` : `${url}/.well-known/did.json`};
}

/** The file that a web host would serve for `url`: the path below `base`, with or without `.json`. */
function fileInFolder(folder, base, url) {
  if(!url.startsWith(`${base}/`)) {
    return undefined;
  }
  const root = path.resolve(folder);
  const wanted = path.resolve(root, `.${new URL(url).pathname.slice(new URL(base).pathname.replace(/\/$/, '').length)}`);
  const isInside = wanted.startsWith(root + path.sep);
  return isInside ? [wanted, `${wanted}.json`].find(file => path.extname(file) === '.json' && existsSync(file)) : undefined;
}

/** Read the arguments FOLDER FILE..., go offline, and print one JSON line for each file. */
export async function runOver(makeVerifier) {
  const [folder, ...files] = process.argv.slice(2);
  if(!folder || !files.length) {
    console.error('usage: node verify_*.mjs FOLDER CREDENTIAL.json...');
    process.exit(2);
  }
  goOffline(folder);
  // The verifiers talk to stdout; that is for the results.
  console.log = console.info = console.error;
  const verify = await makeVerifier();
  for(const file of files) {
    refused.length = 0;
    const result = await verify(JSON.parse(readFileSync(file, 'utf8')));
    process.stdout.write(`${JSON.stringify({file: path.basename(file), ...result, refused: [...refused]})}\n`);
  }
}
