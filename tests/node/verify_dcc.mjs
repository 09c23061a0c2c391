// Verifies credentials with verifier-core of the Digital Credentials Consortium: what VerifierPlus and the Learner Credential Wallet run.
//
// Prints one JSON line for each credential: {file, verified, signature, status, errors, refused}. `verified` is true if the library
// reports no error and every step of its log that decides is valid. Left out are its two steps that need the web: whether the issuer is in
// a registry, and the JSON Schema of 1EdTech, whose address stands in `refused`.

import {runOver} from './offline_web.mjs';

const DECIDING = ['valid_signature', 'expiration', 'revocation_status'];

await runOver(async () => {
  const {verifyCredential} = await import('@digitalcredentials/verifier-core');

  return async credential => {
    const {errors = [], log = []} = await verifyCredential({credential, knownDIDRegistries: []});
    const step = name => log.find(({id}) => id === name);
    const failed = log.filter(({id, valid}) => DECIDING.includes(id) && valid !== true);
    const verified = !errors.length && !failed.length && step('valid_signature')?.valid === true;
    return {
      verified,
      signature: step('valid_signature')?.valid === true,
      status: statusOf(credential, step('revocation_status')),
      errors: [...errors, ...failed.map(({id, error}) => error ?? {name: id, message: `${id} is not valid.`})]
        .map(({name, message}) => ({name, message}))
    };
  };
});

function statusOf(credential, step) {
  if(!credential.credentialStatus) {
    return 'none';
  }
  return typeof step?.valid === 'boolean' ? (step.valid ? 'active' : 'revoked') : 'unchecked';
}
