/** The requests of the canvas to the server. */
import { JupyterFrontEnd } from '@jupyterlab/application';
import { PathExt } from '@jupyterlab/coreutils';
import { TranslationBundle } from '@jupyterlab/translation';
import { saveCode } from '../../api/documents/saveDocuments';
import { tagCell, tagged } from '../../api/documents/tagCell';
import { IYard } from '../../api/yard';
import { isLive, QuotaUse, Runtimes } from '../../api/types';
import {
  ICheck,
  IForecast,
  IProposedRule,
  IRegistered,
  IResultRun,
  IRunSelection,
  IVersion,
  IWorkflowBackend
} from '../../canvas/model/tokens';
import { IDeclared, IDeclareFiles } from '../../components/OpenedFiles';
import { IArgument } from '../../document/arguments';
import { Json, JsonObject } from '../../document/canonical';
import { IFlow, writeFlow } from '../../document/flow';
import { portName } from '../../document/maps/map';
import { environmentNames, kernelNames, readyImages } from '../../forms/runtimes';
import type { ISpelling } from '../../spelling/ShowAsCommand';
import { Reason, reasonText } from '../../reasons';
import { formatEstimate } from '../model/estimates';
import { ownChecks } from './ownChecks';

/** Suffixes of data files: a node uses them in place, without registration. */
// States of nodes that will not run, whose cards need no mark.
const SETTLED = ['cached', 'skipped'];
const DATA = new Set(
  'csv tsv json jsonl ndjson parquet arrow feather ipc xlsx xls txt zip gz npy npz png jpg pkl'
    .split(' ')
    .map(suffix => `.${suffix}`)
);

export class WorkflowBackend implements IWorkflowBackend {
  constructor(
    private readonly app: JupyterFrontEnd,
    private readonly yard: IYard,
    private readonly trans: TranslationBundle
  ) {}

  async check(path: string, document: IFlow): Promise<ICheck> {
    const body = { path, document: writeFlow(document) };
    const answer = await this.yard.client.call('workflows.check', { body });
    const nodes = Object.entries(answer.nodes).map(([id, view]) => [
      id,
      {
        ...view,
        arguments: view.arguments as readonly Partial<IArgument>[],
        hints: view.hints?.map(hint => reasonText(hint, this.trans)),
        problem: reasonText(view.problem, this.trans)
      }
    ]);
    return {
      nodes: Object.fromEntries(nodes),
      problems: answer.problems.map(({ field, reason, ...place }) => ({
        ...place,
        path: field,
        message: reasonText(withPortNames(reason, this.trans), this.trans)
      })),
      proposals: answer.proposals.map(({ reason, ...edge }) => ({
        ...edge,
        reason: reasonText(reason, this.trans)
      })),
      copyOf: answer.copy_of
    };
  }

  async forecast(path: string, document: IFlow, signal: AbortSignal): Promise<IForecast> {
    const body = { path, document: writeFlow(document) };
    const answer = await this.yard.client.call('runs.forecast', { body, signal });
    const maps = answer.nodes.filter(({ reason }) => reason?.code === 'map-forecast');
    return {
      elements: new Map(
        maps.map(({ node = '', reason }) => {
          const { cached, total } = reason!.params as { cached: number; total: number };
          return [node, { cached, total }];
        })
      ),
      cached: answer.cached,
      toRun: answer.to_run,
      isMaximum: !!answer.is_maximum,
      took: answer.seconds ? formatEstimate(answer.seconds, this.trans) : '',
      waits: reasonText(answer.waits, this.trans) ?? '',
      reasons: new Map(
        answer.nodes
          .filter(
            ({ state, reason }) => !SETTLED.includes(state) && reason?.code !== 'elements-again'
          )
          .map(({ node = '', reason }) => [
            node.split('.')[0], // the card of a sub-workflow
            reasonText(reason, this.trans) ?? ''
          ])
      )
    };
  }

  async register(path: string): Promise<IRegistered> {
    if (DATA.has(PathExt.extname(path).toLowerCase())) {
      return { type: 'dataset', name: PathExt.basename(path) };
    }
    const made = await this.yard.client.call('executables.create', { body: { path } });
    this.yard.executables.put(made);
    return { type: 'executable', id: made.id, name: made.name };
  }

  async codeFiles(folder: string): Promise<string[]> {
    return (await this.yard.client.call('workflows.code_files', { query: { folder } })).items;
  }

  async declare(path: string, change: IDeclareFiles): Promise<IDeclared> {
    return this.yard.client.call('executables.declare', { body: { path, ...change } });
  }

  async tagCell(path: string, cell: number): Promise<string> {
    await tagCell(this.app, this.yard.client, path, cell);
    return tagged(cell, this.trans);
  }

  async save(path: string): Promise<void> {
    await saveCode({ app: this.app, yard: this.yard, trans: this.trans }, { path });
  }

  async run(path: string, selection: IRunSelection): Promise<{ id: string }> {
    const { client } = this.yard;
    const question = questionOf(path, selection);
    if (selection.sample) {
      const { id } = await client.call('runs.check_sample', question);
      ownChecks.add(id);
      return { id };
    }
    const { id } = await client.call('runs.create', question);
    return { id };
  }

  async spelling(path: string): Promise<ISpelling<[selection: IRunSelection]>> {
    return {
      client: this.yard.client,
      request: selection => {
        const question = questionOf(path, selection);
        return selection.sample
          ? { id: 'runs.check_sample', question }
          : { id: 'runs.create', question };
      }
    };
  }

  async versions(executable: string): Promise<IVersion[]> {
    const asked = { path: { executable } };
    const { items } = await this.yard.client.call('executables.versions', asked);
    return items;
  }

  async propose(path: string, node: string, output: string): Promise<IProposedRule[]> {
    const query = { path, node, output };
    const { rules } = await this.yard.client.call('contracts.propose', { query });
    return rules.map(({ rule, reason }) => ({
      rule: rule as unknown as JsonObject,
      reason: reasonText(reason, this.trans) ?? ''
    }));
  }

  async results(path: string, node: string): Promise<IResultRun[]> {
    const query = { workflow: path, node, limit: 20 };
    const { items } = await this.yard.client.call('runs.list', { query });
    return items;
  }

  async freeze(of: { path: string } | { executable: string }): Promise<IVersion> {
    const { client, executables } = this.yard;
    if ('executable' in of) {
      return (await client.call('executables.get', { path: of })).current;
    }
    const made = await client.call('executables.create', { body: of });
    executables.put(made);
    return made.current;
  }

  quotaUse(): Promise<QuotaUse> {
    return this.yard.client.call('quotas.use', {});
  }

  runtimes(): Promise<Runtimes> {
    return this.yard.client.call('system.runtimes', {});
  }

  kernels(): Promise<string[]> {
    return kernelNames(this.yard.client);
  }

  environments(): Promise<string[]> {
    return environmentNames(this.yard.client);
  }

  images(): Promise<string[]> {
    return readyImages(this.yard.client);
  }

  async noContainers(): Promise<string> {
    const { checks } = await this.yard.client.call('system.doctor', {});
    const docker = checks.find(({ name }) => name === 'docker');
    return docker && docker.state !== 'ok' ? docker.finding : '';
  }

  async lastParameters(path: string): Promise<Record<string, Json>> {
    const query = { workflow: path, limit: 1 };
    const { items } = await this.yard.client.call('runs.list', { query });
    return (items[0]?.parameters ?? {}) as Record<string, Json>;
  }

  async stop(path: string): Promise<void> {
    const { client } = this.yard;
    const lists = [{ limit: 10 }, { limit: 10, origin: 'check' }].map(query =>
      client.call('runs.list', { query: { workflow: path, ...query } })
    );
    const runs = (await Promise.all(lists)).flatMap(({ items }) => items);
    await Promise.all(
      runs.filter(isLive).map(({ id }) => client.call('runs.cancel', { path: { run: id } }))
    );
  }
}

/** Return a reason in which the ports of maps have the names that cards show. */
function withPortNames(reason: Reason, trans: TranslationBundle): Reason {
  const params = Object.entries(reason.params).map(([key, value]) => [
    key,
    typeof value === 'string' ? portName(value, trans) : value
  ]);
  return { ...reason, params: Object.fromEntries(params) };
}

function questionOf(path: string, selection: IRunSelection) {
  const { scope, nodes, force = false, parameters = {}, sample, ...how } = selection;
  const body = { path, scope, nodes: [...nodes], force, parameters, ...how };
  return { body: { ...body, ...sample } };
}
