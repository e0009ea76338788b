/** Creates, edits and deletes projects, and links resources. */
import { Dialog, Notification, showDialog } from '@jupyterlab/apputils';
import { MenuSvg } from '@jupyterlab/ui-components';
import { CommandRegistry } from '@lumino/commands';
import { NewLink, NewProject, Project } from '../../api/types';
import { declaredFields } from '../../forms/schema/fields';
import { FIELD, FormBody } from '../../forms/FormBody';
import { askFields } from '../frame/dialogs/askFields';
import { confirm } from '../frame/dialogs/confirm';
import { reportFailure } from '../frame/reportFailure';
import { IPanelServices } from '../frame/services';
import { activeProjectOf } from './activeProject';
import { projectsOf } from './state/collection';
import { Resources } from './Resources';

/** Create a project and make it the active one. */
export async function createProject(services: IPanelServices): Promise<void> {
  const { yard, trans } = services;
  await reportFailure(services, trans.__('Not created.'), async () => {
    const made = await askFields<Project, NewProject>(services, {
      title: trans.__('New project'),
      ok: trans.__('Create'),
      fields: declaredFields('NewProject', trans),
      into: projectsOf(yard),
      request: body => ({ id: 'projects.create', question: { body } })
    });
    if (made) {
      activeProjectOf(yard).choose(made.id);
    }
  });
}

export async function editProject(services: IPanelServices, id: string): Promise<void> {
  const { yard, trans } = services;
  const path = { project: id };
  await reportFailure(services, trans.__('Not changed.'), async () => {
    const known = await yard.client.call('projects.get', { path });
    const { revision } = known;
    await askFields<Project, NewProject>(services, {
      title: trans.__('Edit “%1”', known.name),
      ok: trans.__('Save'),
      fields: declaredFields('NewProject', trans),
      known,
      into: projectsOf(yard),
      request: body => ({ id: 'projects.update', question: { path, body: { revision, ...body } } })
    });
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
