// A real OpenID provider (panva's oidc-provider, certified by the OpenID Foundation) on this machine, for a hub to sign people in with.
// node openid_provider.mjs PORT CALLBACK PEOPLE: PEOPLE is a JSON file, from each person's name to the groups that the claim `groups` has.
import { readFileSync } from "node:fs";
import Provider from "oidc-provider";

const [port, callback, people] = process.argv.slice(2);
const groupsOf = (name) => JSON.parse(readFileSync(people, "utf8"))[name]; // read anew: groups change

const provider = new Provider(`http://127.0.0.1:${port}`, {
  clients: [{ client_id: "patunay", client_secret: process.env.OAUTH_CLIENT_SECRET, redirect_uris: [callback], grant_types: ["authorization_code"], response_types: ["code"] }],
  claims: { openid: ["sub"], profile: ["preferred_username", "groups"] },
  cookies: { keys: ["for this test alone"] },
  findAccount: (_context, name) =>
    groupsOf(name) && { accountId: name, claims: () => ({ sub: name, preferred_username: name, groups: groupsOf(name) }) },
});
provider.listen(Number(port), "127.0.0.1", () => console.log("ready"));
