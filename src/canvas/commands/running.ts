/** Starts and stops runs of the document. */
import type { ApiError } from '../../api/client';
import { Parameters, readParameters } from '../../document/arguments';
import { JsonObject } from '../../document/canonical';
import type { ISpelling } from '../../spelling/ShowAsCommand';
import { CanvasController } from '../model/controller';
import { ensureId } from '../model/identity';
import { whenChecked } from '../model/whenChecked';
import { nextProblem } from '../stage/navigation';
import { InfoTab, IRunChoices, IRunSelection } from '../model/tokens';

export const SHOW_RUN = 'nbyard:show-run';

/** Save and start a run; show a refusal where it belongs. Ask for parameters without a value. */
export async function run(
  canvas: CanvasController,
  scope: IRunSelection['scope'],
  choices: IRunChoices = {}
): Promise<string | undefined> {
  if (Object.values(parametersOf(canvas)).some(({ default: usual }) => usual === undefined)) {
    return runWithParameters(canvas, scope, choices);
  }
  return sayingFailure(canvas, async () =>
    (await canRun(canvas, scope)) ? start(canvas, scope, choices) : undefined
  );
}

/** Ask for parameter values and a runtime for one run, and start it. */
export async function runWithParameters(
  canvas: CanvasController,
  scope: IRunSelection['scope'] = 'all',
  choices: IRunChoices = {}
): Promise<string | undefined> {
  return sayingFailure(canvas, async () => {
    if (!(await canRun(canvas, scope))) {
      return undefined;
    }
    const { askRun } = await import('./askRun');
    const backend = canvas.services.backend!;
    const known = {
      containers: containerWarning(canvas),
      runtimes: backend.runtimes(),
      force: choices.force ?? false
    };
    const last = await backend.lastParameters(canvas.path);
    const { client, request } = await backend.spelling(canvas.path);
    const spelling: ISpelling<[asked: IRunChoices]> = {
      client,
      request: asked => request(selectionOf(canvas, scope, { ...choices, ...asked }))
    };
    const { path, doc, trans } = canvas;
    const { nodes } = doc.toJSON();
    return askRun(path, parametersOf(canvas), nodes, trans, known, last, spelling, asked =>
      start(canvas, scope, { ...choices, ...asked })
    );
  });
}

function parametersOf({ doc }: CanvasController): Parameters {
  return readParameters(doc.meta.toJSON() as JsonObject);
}

/** Return a warning about containers for the runtime choice; empty if there is none. */
export async function containerWarning({ services, trans }: CanvasController): Promise<string> {
  const why = await services.backend?.noContainers().catch(() => '');
  return why
    ? trans.__('Containers are unavailable: %1. Nodes that need a container wait.', why)
    : '';
}

/** Commit the text being typed: a field stores its text when it loses the focus. */
function leaveField(): void {
  const field = document.activeElement?.closest<HTMLElement>('.nby-Inspector :is(input, textarea)');
  field?.blur();
  field?.focus({ preventScroll: true });
}

/** Return whether there is anything to run; otherwise show the reason. */
async function canRun(canvas: CanvasController, scope: IRunSelection['scope']): Promise<boolean> {
  const { checker } = canvas;
  leaveField();
  const reason = refusal(canvas, scope);
  if (reason) {
    canvas.say(reason, true);
    return false;
  }
  // asked before, because a save starts another check
  const hasProblems = problemsOf(canvas, scope).length > checker.unread.length;
  await canvas.services.backend?.save(canvas.path);
  if (hasProblems) {
    checker.ask(0); // a file may have been corrected since
    await whenChecked(canvas);
  }
  if (problemsOf(canvas, scope).length) {
    nextProblem(canvas, 0);
    return false;
  }
  return true;
}

/** Return that no node can run; empty if one can. */
export function nothingToRun({ doc, trans }: CanvasController): string {
  return doc.hasCode ? '' : trans.__('There is no node to run. Add a notebook or a script.');
}

/** Return why a run cannot start; empty if it can. */
function refusal(canvas: CanvasController, scope: IRunSelection['scope']): string {
  const { services, targets, trans } = canvas;
  if (!services.backend) {
    return trans.__('The nbyard server is not reachable. Runs cannot start.');
  }
  const isUnselected = scope !== 'all' && !targets.length;
  return nothingToRun(canvas) || (isUnselected ? trans.__('Select a node first.') : '');
}

/** Return the known problems. For a part, or right after an edit, only the server knows. */
function problemsOf({ checker }: CanvasController, scope: IRunSelection['scope']) {
  return scope === 'all' && checker.settled ? checker.problems : checker.unread;
}

function selectionOf(
  { targets }: CanvasController,
  scope: IRunSelection['scope'],
  choices: IRunChoices
): IRunSelection {
  return { scope, nodes: scope === 'all' ? [] : targets, ...choices };
}

async function start(
  canvas: CanvasController,
  scope: IRunSelection['scope'],
  choices: IRunChoices
): Promise<string> {
  const { context, trans } = canvas;
  if (!canvas.readOnly) {
    ensureId(canvas);
    if (context.model.dirty) {
      await context.save();
    }
  }
  const { id } = await canvas.services.backend!.run(
    canvas.path,
    selectionOf(canvas, scope, choices)
  );
  canvas.say(
    choices.sample
      ? trans.__('The check run has started. It uses a sample of the data.')
      : trans.__('The run has started.'),
    false,
    id
  );
  if (canvas.commands.hasCommand(SHOW_RUN)) {
    await canvas.commands.execute(SHOW_RUN, { id, path: canvas.path, keepFocus: true });
  }
  keepKeys(canvas);
  return id;
}

/** Return the focus to the canvas after a button or menu started a run. */
function keepKeys({ front }: CanvasController): void {
  const tab = front?.closest('.jp-Document');
  const { activeElement } = document;
  const here = activeElement?.closest('.nby-Canvas, .jp-Dialog');
  const beside = activeElement?.closest('.nby-RunDrawer') || tab?.contains(activeElement);
  if (!here && (beside || activeElement === document.body)) {
    front?.focus({ preventScroll: true });
  }
}

async function sayingFailure(
  canvas: CanvasController,
  action: () => Promise<string | undefined>
): Promise<string | undefined> {
  try {
    return await action();
  } catch (error) {
    if ((error as Error).name !== 'ModalCancelError') {
      canvas.checker.ask(0);
      const { message, details: [refused] = [] } = error as Error & Partial<ApiError>;
      // no form shows the field with the document
      const why = refused?.path === 'document' ? refused.message : message;
      canvas.say(canvas.trans.__('Not started: %1', why), true);
      if ((error as Partial<ApiError>).code === 'over-quota') {
        const { showProblem } = await import('../../components/problems');
        showProblem(canvas.trans.__('Not started.'), error, canvas.trans);
      }
    }
    return undefined;
  }
}

export async function stop(canvas: CanvasController): Promise<void> {
  const { trans } = canvas;
  try {
    await canvas.services.backend?.stop(canvas.path);
    canvas.say(trans.__('Stopping the run…'));
  } catch (error) {
    canvas.say(trans.__('Not stopped: %1', (error as Error).message), true);
  }
}

/** Show the newest run of the first selected node with a state, at one tab of Run Info. */
export function showInfo({ commands, path, runs, targets }: CanvasController, tab: InfoTab) {
  const node = targets.find(id => runs!.stateOf(id))!;
  const { from, inner = node } = runs!.get(node) ?? {};
  const id = from?.id ?? runs!.run!.id;
  return commands.execute(SHOW_RUN, { id, path, node: inner, tab });
}
