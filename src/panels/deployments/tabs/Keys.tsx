import { FormEvent, useEffect, useState } from 'react';
import { CreatedKey, Deployment, DeploymentKey } from '../../../api/types';
import { Button } from '../../../components/Button';
import { showMoment } from '../../../components/format/times';
import { Table } from '../../../components/table/Table';
import { Fact } from '../../../components/text/Facts';
import { confirm } from '../../frame/dialogs/confirm';
import { reportFailure } from '../../frame/reportFailure';
import { IPanelServices } from '../../frame/services';
import { Copyable } from './Copyable';

interface IKeysProps {
  services: IPanelServices;
  deployment: Deployment;
}

const DAYS = '30';

/** The keys with which programs call a deployment at its own address. */
export function Keys({ services, deployment }: IKeysProps): JSX.Element {
  const { yard, trans } = services;
  const [keys, setKeys] = useState<readonly DeploymentKey[]>([]);
  const [created, setCreated] = useState<CreatedKey>();
  useEffect(() => {
    const control = new AbortController();
    const { signal } = control;
    yard.client
      .call('deployments.keys', { path: { deployment: deployment.id }, signal })
      .then(({ items }) => setKeys(items))
      .catch(() => undefined); // the next change asks again
    return () => control.abort();
  }, [yard, deployment, created]);
  return (
    <>
      <p className="nby-Note">
        {trans.__(
          'Programs call this deployment with a key, at an address of its own and without Jupyter.'
        )}
      </p>
      {deployment.address && (
        <dl className="nby-Facts">
          <Fact name={trans.__('Address')} className="nby-Code" isWide>
            {deployment.address}
          </Fact>
        </dl>
      )}
      <NewKey services={services} deployment={deployment} onCreated={setCreated} />
      {created && <Created created={created} services={services} />}
      {!!keys.length && (
        <Table
          label={trans.__('Keys')}
          heads={[
            trans.__('Key'),
            trans.__('Purpose'),
            trans.__('Created'),
            trans.__('Expires'),
            trans.__('Revoke')
          ]}
        >
          {keys.map(key => (
            <tr key={key.id}>
              <th scope="row" className="nby-Code">
                {key.prefix}…
              </th>
              <td>{key.name}</td>
              <td>{showMoment(key.created_at)}</td>
              <td>{key.expires_at ? showMoment(key.expires_at) : trans.__('never')}</td>
              <td>
                <Button
                  aria-label={trans.__('Revoke Key %1', key.prefix)}
                  onClick={() =>
                    void revoke(services, deployment, key).then(
                      gone => gone && setKeys(now => now.filter(({ id }) => id !== key.id))
                    )
                  }
                >
                  {trans.__('Revoke')}
                </Button>
              </td>
            </tr>
          ))}
        </Table>
      )}
    </>
  );
}

function NewKey(props: IKeysProps & { onCreated: (created: CreatedKey) => void }): JSX.Element {
  const { services, deployment, onCreated } = props;
  const { yard, trans } = services;
  const [name, setName] = useState('');
  const [days, setDays] = useState(DAYS);
  const create = (event: FormEvent) => {
    event.preventDefault();
    void reportFailure(services, trans.__('No key created.'), async () => {
      const body = { name, days: days ? Number(days) : null };
      const question = { path: { deployment: deployment.id }, body };
      onCreated(await yard.client.call('deployments.create_key', question));
      setName('');
    });
  };
  return (
    <form className="nby-Bar" onSubmit={create}>
      <label>
        {trans.__('Purpose')} <input value={name} onChange={event => setName(event.target.value)} />
      </label>
      <label>
        {trans.__('Days until it expires (empty: never)')}{' '}
        <input type="number" min={1} value={days} onChange={event => setDays(event.target.value)} />
      </label>
      <button type="submit" className="nby-Button">
        {trans.__('Create Key')}
      </button>
    </form>
  );
}

function Created(props: { services: IPanelServices; created: CreatedKey }): JSX.Element {
  const { created, services } = props;
  const { trans } = services;
  const curl = `curl -H "Authorization: Bearer ${created.key}" ${created.address}`;
  return (
    <section className="nby-Deployment-reproduce" aria-label={trans.__('New key')} role="status">
      <Copyable
        caption={trans.__('This key is not shown again:')}
        label={trans.__('Key')}
        text={created.key}
        said={trans.__('The key is copied.')}
        trans={trans}
      />
      <Copyable
        caption={trans.__('Call the deployment from a shell:')}
        label={trans.__('Command')}
        text={curl}
        said={trans.__('The command is copied.')}
        trans={trans}
      />
    </section>
  );
}

/** Revoke a key after a question; return whether it is revoked. */
async function revoke(
  services: IPanelServices,
  deployment: Deployment,
  key: DeploymentKey
): Promise<boolean> {
  const { yard, trans } = services;
  const id = 'deployments.delete_key';
  const question = { path: { deployment: deployment.id, key: key.id } };
  let isRevoked = false;
  await reportFailure(services, trans.__('Not revoked.'), async () => {
    const title = trans.__('Revoke the key %1…?', key.prefix);
    const consequence = trans.__('Programs with this key are refused within seconds.');
    if (await confirm(services, title, consequence, { id, question }, trans.__('Revoke'))) {
      await yard.client.call(id, question);
      isRevoked = true;
    }
  });
  return isRevoked;
}
