import { Notification } from '@jupyterlab/apputils';
import { addIcon } from '@jupyterlab/ui-components';
import { useState } from 'react';
import { IRequest } from '../../api/operations';
import { Member, NewMember } from '../../api/types';
import { useAnswer } from '../../api/useAnswer';
import { Button, LinkButton } from '../../components/Button';
import { Refusal } from '../../components/text/messages';
import { declaredFields } from '../../forms/schema/fields';
import { askFields } from '../frame/dialogs/askFields';
import { reportFailure } from '../frame/reportFailure';
import { IPanelServices } from '../frame/services';
import { LINKED, ShareLinks } from './ShareLinks';

/** Ask for a user or group, and for the role that it gets on a resource. */
export async function share(
  services: IPanelServices,
  kind: string,
  resource: string
): Promise<void> {
  const { trans } = services;
  await reportFailure(services, trans.__('Not shared.'), async () => {
    let name = '';
    const stored = await askFields<object, NewMember>(services, {
      title: trans.__('Share'),
      ok: trans.__('Share'),
      fields: declaredFields('NewMember', trans),
      request: (body): IRequest => {
        name = body.name;
        return { id: 'shares.grant', question: { path: { kind, resource }, body } };
      },
      below: () =>
        LINKED.includes(kind) ? { group: <ShareLinks {...{ services, kind, resource }} /> } : {}
    });
    if (stored) {
      Notification.success(trans.__('Shared with “%1”.', name), { autoClose: 4000 });
    }
  });
}

interface IMembersProps {
  services: IPanelServices;
  project: string;
  /** Another number asks the server again. */
  turn: number;
}

/** The users and groups with a role in a project, and a button that adds one. */
export function Members({ services, project, turn }: IMembersProps): JSX.Element {
  const { yard, trans } = services;
  const [changes, setChanges] = useState(0);
  const path = { kind: 'project', resource: project };
  const { answer, problem } = useAnswer(
    yard.client,
    'shares.list',
    { path },
    { turn: turn + changes }
  );
  const remove = async ({ name, group }: Member) => {
    await reportFailure(services, trans.__('Not removed.'), async () => {
      await yard.client.call('shares.revoke', { path: { ...path, name }, query: { group } });
    });
    setChanges(changes + 1);
  };
  const add = async () => {
    await share(services, 'project', project);
    setChanges(changes + 1);
  };
  return (
    <>
      <p className="nby-Note">
        {trans.__(
          'A viewer sees the project and what is linked to it. An editor also changes it. An owner also deletes and shares it.'
        )}
      </p>
      <Refusal>{problem}</Refusal>
      <table className="nby-Table">
        <tbody>
          {answer?.items.map(member => (
            <tr key={`${member.group} ${member.name}`}>
              <td>{member.group ? trans.__('%1 (group)', member.name) : member.name}</td>
              <td>{member.role}</td>
              <td>
                {!member.is_creator && (
                  <LinkButton
                    aria-label={trans.__('Remove %1', member.name)}
                    onClick={() => void remove(member)}
                  >
                    {trans.__('Remove')}
                  </LinkButton>
                )}
              </td>
            </tr>
          ))}
        </tbody>
      </table>
      <Button onClick={() => void add()}>
        <addIcon.react tag="span" className="nby-Icon" /> {trans.__('Add Member…')}
      </Button>
    </>
  );
}
