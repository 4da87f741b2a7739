/* Gets an identity with @alicloud/credentials and fetches secrets with it through @alicloud/kms20160120 or
 * @alicloud/pop-core.
 *
 * Orders and answers are lines of JSON: see ../README.md.
 */
'use strict';

const readline = require('node:readline');
const { default: Credential } = require('@alicloud/credentials');
const { default: KmsClient, GetSecretValueRequest } = require('@alicloud/kms20160120');
const { Config } = require('@alicloud/rpc-client');
const RpcClient = require('@alicloud/pop-core');

async function byKms(order, credential) {
  const client = new KmsClient(new Config({ credential, regionId: 'cn-hangzhou', endpoint: order.endpoint }));
  const found = await client.getSecretValue(new GetSecretValueRequest({ secretName: order.secret }));
  return { secret: found.secretName, value: found.secretData, version: found.versionId };
}

async function byPopCore(order, credential) {
  const { accessKeyId, accessKeySecret, securityToken } = await credential.getCredential();
  const endpoint = 'https://' + order.endpoint;
  const client = new RpcClient({ accessKeyId, accessKeySecret, securityToken, endpoint, apiVersion: '2016-01-20' });
  const found = await client.request('GetSecretValue', { SecretName: order.secret }, { method: order.method });
  return { secret: found.SecretName, value: found.SecretData, version: found.VersionId };
}

async function obey(order) {
  try {
    // Without an identity the client looks where it looks by default.
    const credential = new Credential(order.identity);
    return { ok: await (order.client === 'pop-core' ? byPopCore : byKms)(order, credential) };
  } catch (error) {
    return { error: { code: error.code ?? '', message: error.message } };
  }
}

async function main() {
  for await (const line of readline.createInterface({ input: process.stdin })) {
    process.stdout.write(JSON.stringify(await obey(JSON.parse(line))) + '\n');
  }
}

main();
