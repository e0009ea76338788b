import { Notification } from '@jupyterlab/apputils';
import { addIcon } from '@jupyterlab/ui-components';
import { useState } from 'react';
import { IRequest } from '../../api/operations';
import { Member, NewMember } from '../../api/types';
import { useAnswer } from '../../api/useAnswer';
import { Button, LinkButton } from '../../components/Button';
import { Refusal } from '../../components/text/messages';
import { referenceOf } from '../../forms/referenceOf';
import { declaredFields } from '../../forms/schema/fields';
import { deploymentsOf } from '../deployments/state/collection';
import { askFields } from '../frame/dialogs/askFields';
import { reportFailure } from '../frame/reportFailure';
import { IPanelServices } from '../frame/services';
import { Kind } from './kinds';
import { LINKED, ShareLinks } from './ShareLinks';
import { projectsOf } from './state/collection';

/** Ask for a user or group, and for the role that it gets on a resource, or for a project. */
export async function share(
  services: IPanelServices,
  kind: string,
  resource: string
): Promise<void> {
  const { yard, trans } = services;
  const projects = projectsOf(yard);
  const { datasets: dataset, runs: run, workflows: workflow } = yard;
  const lists = { dataset, run, workflow, deployment: deploymentsOf(yard), project: projects };
  const item: { name?: string | null; title?: string } | undefined =
    lists[kind as keyof typeof lists]?.find(resource);
  const links = LINKED.includes(kind) && <ShareLinks {...{ services, kind, resource }} />;
  await reportFailure(services, trans.__('Not shared.'), async () => {
    await projects.start();
    const offered = kind === 'project' ? [] : projects.items;
    const names = Object.fromEntries(offered.map(each => [each.id, referenceOf(each)]));
    const labels = {
      ...{ user: trans.__('A person'), group: trans.__('A group of the hub') },
      ...(offered.length && { project: trans.__('A project') })
    };
    const chosen = { when: { with: 'project' }, labels: names, first: offered[0]?.id };
    let name = '';
    const stored = await askFields<object, NewMember & { with: string; project: string }>(
      services,
      {
        title: item ? trans.__('Share “%1”', item.name || item.title!) : trans.__('Share'),
        ok: trans.__('Share'),
        fields: [
          { name: 'with', kind: 'choice', label: trans.__('With'), labels, first: 'user' },
          { name: 'project', kind: 'choice', label: trans.__('Project'), ...chosen },
          ...declaredFields('NewMember', trans)
            .filter(field => field.name !== 'group')
            .map(field => ({ ...field, when: { with: ['user', 'group'] } }))
        ],
        first: 'input',
        request: ({ with: who, project, ...body }): IRequest => {
          name = project ? names[project] : body.name;
          return project
            ? {
                id: 'projects.link',
                question: { path: { project }, body: { kind: kind as Kind, resource } }
              }
            : {
                id: 'shares.grant',
                question: { path: { kind, resource }, body: { ...body, group: who === 'group' } }
              };
        },
        below: () => ({ role: links, project: links })
      }
    );
    if (stored) {
      Notification.success(trans.__('Shared with “%1”.', name), { autoClose: 4000 });
    }
  });
}

interface IMembersProps {
  services: IPanelServices;
  project: string;
  isOwner: boolean;
  /** Another number asks the server again. */
  turn: number;
}

/** The users and groups with a role in a project, and a button that adds one. */
export function Members({ services, project, isOwner, turn }: IMembersProps): JSX.Element {
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
                {isOwner && !member.is_creator && (
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
      {isOwner && (
        <Button onClick={() => void add()}>
          <addIcon.react tag="span" className="nby-Icon" /> {trans.__('Add Member…')}
        </Button>
      )}
    </>
  );
}
