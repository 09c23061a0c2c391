// Verifies credentials with the libraries of Digital Bazaar, the editors' reference implementation of Data Integrity.
//
// Prints one JSON line for each credential: {file, verified, signature, status, errors, refused}. `verified`, and every reason against
// it, is what the libraries say; nothing is decided here. `refused` lists the addresses that were asked for and are not published.

import {runOver} from './offline_web.mjs';

await runOver(async () => {
  const vc = await import('@digitalbazaar/vc');
  const {DataIntegrityProof} = await import('@digitalbazaar/data-integrity');
  const {cryptosuite} = await import('@digitalbazaar/eddsa-rdfc-2022-cryptosuite');
  const {checkStatus: checkBits} = await import('@digitalbazaar/vc-bitstring-status-list');
  const suite = new DataIntegrityProof({cryptosuite});

  return async credential => {
    let status = credential.credentialStatus ? 'unchecked' : 'none';
    // The library says what the bits are; that a set bit fails the credential is left to its caller.
    const checkStatus = async options => {
      const result = await checkBits(options);
      const isSet = result.verified && result.results.some(each => each.status);
      status = result.verified ? (isSet ? 'revoked' : 'active') : 'unchecked';
      return isSet ? {...result, verified: false, error: new Error('The status list says: revoked.')} : result;
    };
    const options = {credential, suite, documentLoader, checkStatus};
    const result = await vc.verifyCredential(options);
    return {verified: result.verified, signature: await signatureIsValid(result, options), status, errors: errorsOf(result)};
  };

  /** Dates are checked before the signature: where they fail, ask about the signature as of the day of issue. */
  async function signatureIsValid(result, {credential, ...options}) {
    const byDate = errorsOf(result).some(({message}) => /validUntil|validFrom/.test(message));
    const timely = byDate ? await vc.verifyCredential({credential, ...options, now: credential.validFrom}) : result;
    return Boolean(timely.results?.length) && timely.results.every(each => each.verified);
  }
});

function errorsOf({error, statusResult}) {
  return [error, ...error?.errors ?? [], statusResult?.error, statusResult?.error?.cause]
    .filter(Boolean)
    .map(({name, message}) => ({name, message}));
}

/** JSON-LD documents and DID documents, all by fetch. */
async function documentLoader(url) {
  const [did, fragment] = url.split('#');
  if(!did.startsWith('did:web:')) {
    return {contextUrl: null, documentUrl: url, document: await fetched(url)};
  }
  const [host, ...segments] = did.split(':').slice(2).map(decodeURIComponent);
  const didDocument = await fetched(['https:/', host, ...(segments.length ? segments : ['.well-known']), 'did.json'].join('/'));
  const document = fragment === undefined ? didDocument : didDocument.verificationMethod.find(({id}) => id === url);
  if(!document) {
    throw new Error(`NotFoundError: ${url} is not in the DID document.`);
  }
  return {contextUrl: null, documentUrl: url, document: {'@context': didDocument['@context'], ...document}};
}

async function fetched(url) {
  const response = await fetch(url);
  if(!response.ok) {
    throw new Error(`NotFoundError: ${url}`);
  }
  return response.json();
}
