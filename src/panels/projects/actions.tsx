/** Creates, edits and deletes projects, and links resources. */
import { Dialog, Notification, showDialog } from '@jupyterlab/apputils';
import { MenuSvg } from '@jupyterlab/ui-components';
import { CommandRegistry } from '@lumino/commands';
import { IRequest } from '../../api/operations';
import { NewLink, Project } from '../../api/types';
import { FIELD, FormBody } from '../../forms/FormBody';
import { askUntilAccepted } from '../frame/dialogs/askUntilAccepted';
import { confirm } from '../frame/dialogs/confirm';
import { reportFailure } from '../frame/reportFailure';
import { IPanelServices } from '../frame/services';
import { activeProjectOf } from './activeProject';
import { projectsOf } from './state/collection';
import { bodyOf, draftOf, ProjectForm } from './ProjectForm';
import { Resources } from './Resources';

type Body = ReturnType<typeof bodyOf>;

/** Create a project and make it the active one. */
export async function createProject(services: IPanelServices): Promise<void> {
  const { yard, trans } = services;
  await reportFailure(services, trans.__('Not created.'), async () => {
    const made = await askProject(services, {
      title: trans.__('New Project'),
      ok: trans.__('Create'),
      request: body => ({ id: 'projects.create', question: { body } }),
      send: body => yard.client.call('projects.create', { body })
    });
    if (made) {
      projectsOf(yard).put(made);
      activeProjectOf(yard).choose(made.id);
    }
  });
}

export async function editProject(services: IPanelServices, id: string): Promise<void> {
  const { yard, trans } = services;
  const path = { project: id };
  await reportFailure(services, trans.__('Not changed.'), async () => {
    const known = await yard.client.call('projects.get', { path });
    const question = (body: Body) => ({ path, body: { revision: known.revision, ...body } });
    const made = await askProject(services, {
      title: trans.__('Edit “%1”', known.name),
      ok: trans.__('Save'),
      known,
      request: body => ({ id: 'projects.update', question: question(body) }),
      send: body => yard.client.call('projects.update', question(body))
    });
    if (made) {
      projectsOf(yard).put(made);
    }
  });
}

export async function deleteProject(services: IPanelServices, id: string): Promise<void> {
  const { yard, trans } = services;
  const body = trans.__(
    'Its resources are kept. Its retention policies, and rules of channels for its runs, are deleted.'
  );
  await reportFailure(services, trans.__('Not deleted.'), async () => {
    const request = { id: 'projects.delete', question: { path: { project: id } } } as const;
    if (await confirm(services, trans.__('Delete this project?'), body, request)) {
      await yard.client.call(request.id, request.question);
      activeProjectOf(yard).choose('');
      projectsOf(yard).remove(id);
    }
  });
}

/** Show the resources of a project, to link and unlink them. */
export async function linkResources(services: IPanelServices, project: Project): Promise<void> {
  const { trans } = services;
  await showDialog({
    title: trans.__('Resources of “%1”', project.name),
    body: new FormBody(<Resources services={services} project={project} />),
    buttons: [Dialog.okButton({ label: trans.__('Close') })],
    focusNodeSelector: FIELD
  });
}

/** Link a resource to the project; with several, a menu at the pointer asks for one. */
export function linkRow(
  services: IPanelServices,
  offered: readonly Project[],
  body: NewLink,
  { clientX, clientY }: { clientX: number; clientY: number }
): void {
  if (offered.length === 1) {
    void linkTo(services, offered[0], body);
    return;
  }
  const commands = new CommandRegistry();
  const menu = new MenuSvg({ commands });
  for (const project of offered) {
    commands.addCommand(project.id, {
      label: services.trans.__('Link to “%1”', project.name),
      execute: () => linkTo(services, project, body),
      describedBy: {}
    });
    menu.addItem({ command: project.id });
  }
  menu.aboutToClose.connect(() => window.setTimeout(() => menu.dispose()));
  menu.open(clientX, clientY);
}

async function linkTo(
  services: IPanelServices,
  { id, name }: Project,
  body: NewLink
): Promise<void> {
  const { yard, trans } = services;
  await reportFailure(services, trans.__('Not linked.'), async () => {
    const question = { path: { project: id }, body };
    projectsOf(yard).put(await yard.client.call('projects.link', question));
    Notification.success(trans.__('Linked to “%1”.', name), { autoClose: 4000 });
  });
}

interface IAsked {
  title: string;
  ok: string;
  /** The project to edit. */
  known?: Project;
  /** The request of a body, and how it is sent. */
  request: (body: Body) => IRequest;
  send: (body: Body) => Promise<Project>;
}

/** Return the stored project; undefined if the user cancels. */
function askProject(
  services: IPanelServices,
  { title, ok, known, request, send }: IAsked
): Promise<Project | undefined> {
  const { yard, trans } = services;
  const draft = draftOf(known);
  return askUntilAccepted({
    title,
    ok,
    draft,
    form: problems => <ProjectForm services={services} draft={draft} problems={problems} />,
    send: () => send(bodyOf(draft)),
    spelling: { client: yard.client, request: () => request(bodyOf(draft)) },
    trans
  });
}
