import { Contents } from '@jupyterlab/services';
import { ISignal, Signal } from '@lumino/signaling';
import type { ApiError } from '../../api/client';
import { codeDescribed } from '../../api/documents/codeDescribed';
import type { IOpenedFile } from '../../components/OpenedFiles';
import { IArgument, readArguments } from '../../document/arguments';
import { DATASET_OUTPUT } from '../../document/flow';
import { FlowDoc, IFlowChange } from '../../document/flowDoc';
import { IPorts } from '../../document/edges';
import { ICheck, IProblem, IProposal, IWorkflowBackend, INodeReading } from './tokens';

/**
 * Delays in milliseconds: after the last edit, at most if responses are slow, and before a retry.
 */
const QUIET = 250;
const LONGEST = 2_000;
const AGAIN = 10_000;

export interface IReading extends Omit<INodeReading, 'arguments'> {
  arguments: readonly IArgument[];
}

/** A text that is no value of its field, and the reason. */
export interface IDraft {
  text: string;
  why: string;
}

/** Asks the server to check the document after each change except mere moves. */
export class Checker {
  constructor(
    private readonly doc: FlowDoc,
    private readonly path: () => string,
    private readonly backend: IWorkflowBackend | undefined
  ) {
    if (backend) {
      doc.changed.connect(this._onChanged, this);
      this.ask(0);
    }
  }

  /** Why there is no response; undefined while the server responds. */
  unreachable: string | undefined;
  /** Whether the server refused the document itself; it is checked again after a change. */
  isInvalid = false;
  problems: readonly IProblem[] = [];
  /** The workflow that this one is a copy of, while it has no id of its own. */
  copyOf = '';
  proposals: readonly IProposal[] = [];
  /** Code files by executable. They are kept, as `undeclared` is null once all is declared. */
  readonly codes = new Map<unknown, string>();

  get changed(): ISignal<this, void> {
    return this._changed;
  }

  /** Whether no request is pending. */
  get settled(): boolean {
    return !this._timer && !this._asking;
  }

  reading(id: string): IReading | undefined {
    let reading = this._readings.get(id);
    const own = this._answer.get(id);
    if (!reading && own) {
      reading = { ...own, arguments: readArguments(own.arguments) };
      this._readings.set(id, reading);
    }
    return reading;
  }

  problemsOf(id: string): readonly IProblem[] {
    const unread = this.unread.filter(problem => problem.node === id);
    return [...unread, ...(this._byNode.get(id) ?? [])];
  }

  /** Unreadable texts in fields. The document has the old values, so nothing may run. */
  get unread(): readonly IProblem[] {
    const there = [...this._drafts].filter(([id]) => !id || this.doc.nodes.has(id));
    return there.flatMap(([id, drafts]) =>
      [...drafts].map(([path, { why }]) => ({
        node: id || undefined,
        path,
        message: `${path}: ${why}`
      }))
    );
  }

  /** Return unreadable texts by field, for a node or for the workflow (''). */
  draftsOf(id: string): Readonly<Record<string, string>> {
    const drafts = this._drafts.get(id) ?? new Map<string, IDraft>();
    return Object.fromEntries([...drafts].map(([name, { text }]) => [name, text]));
  }

  /** Store an unreadable text and its reason; without a reason, delete it. */
  keep(id: string, name: string, why?: string, text = ''): void {
    const drafts = this._drafts.get(id) ?? new Map<string, IDraft>();
    if (why === undefined ? !drafts.delete(name) : drafts.get(name)?.text === text) {
      return;
    }
    if (why !== undefined) {
      drafts.set(name, { why, text });
    }
    this._drafts.set(id, drafts);
    this._collect();
    this._changed.emit();
  }

  /** Return the files that the code of a node opens and that could be ports. */
  suggested(id: string): readonly IOpenedFile[] {
    const { files = [], problem } = this.reading(id)?.undeclared ?? {};
    return problem ? [] : files;
  }

  /** Return what the connection rules need to know about a node, with ports that are suggested. */
  ports = (id: string): IPorts | undefined => {
    const ports = this.declared(id);
    const { arguments: known } = ports ?? {};
    return known ? { ...ports!, arguments: [...known, ...this.suggested(id)] } : ports;
  };

  /** Return what the connection rules need to know about a node. */
  declared = (id: string): IPorts | undefined => {
    const type = this.doc.nodes.get(id)?.get('type');
    if (typeof type !== 'string') {
      return undefined;
    }
    const known = this.reading(id)?.arguments;
    const data = known?.find(argument => argument.name === DATASET_OUTPUT);
    return { type, format: data?.format ?? '', arguments: known };
  };

  /** Follow whether the canvas is seen; a file may have been saved while it was hidden. */
  set isShown(shown: boolean) {
    this._isShown = shown;
    if (shown && this._isOld) {
      this.ask();
    }
  }

  /** Check again whenever a file is saved or code is described: it may be that of a node. */
  watch({ fileChanged }: Pick<Contents.IManager, 'fileChanged'>): void {
    fileChanged.connect(this._onFile, this);
    codeDescribed.connect(this._onCode, this);
  }

  /** Schedule a request; the delay grows with slow responses. */
  ask(delay = Math.min(Math.max(QUIET, this._took), LONGEST)): void {
    window.clearTimeout(this._timer);
    this._timer = window.setTimeout(() => void this._ask(), delay);
  }

  dispose(): void {
    window.clearTimeout(this._timer);
    this._disposed = true;
    this.doc.changed.disconnect(this._onChanged, this);
    Signal.clearData(this);
  }

  private async _ask(): Promise<void> {
    this._timer = undefined;
    this._isOld = false;
    if (this.doc.broken !== undefined || !this.backend) {
      return;
    }
    const question = ++this._asked;
    const start = performance.now();
    this._asking = true;
    try {
      const answer = await this.backend.check(this.path(), this.doc.toJSON());
      if (question === this._asked && !this._disposed) {
        this._take(answer);
        this._took = performance.now() - start;
      }
    } catch (error) {
      if (question === this._asked && !this._disposed) {
        this.unreachable = error instanceof Error ? error.message : String(error);
        this.isInvalid = (error as Partial<ApiError>)?.status === 422;
        if (!this.isInvalid) {
          this.ask(AGAIN);
        }
      }
    }
    if (question === this._asked) {
      this._asking = false;
      if (!this._disposed) {
        this._changed.emit();
      }
    }
  }

  private _take(answer: ICheck): void {
    this.unreachable = undefined;
    this.isInvalid = false;
    this._problems = answer.problems;
    this._collect();
    this.proposals = answer.proposals;
    this.copyOf = answer.copyOf ?? '';
    this._byNode = new Map();
    for (const problem of answer.problems) {
      const own = this._byNode.get(problem.node ?? '');
      if (own) {
        own.push(problem);
      } else {
        this._byNode.set(problem.node ?? '', [problem]);
      }
    }
    this._answer = new Map(Object.entries(answer.nodes));
    for (const { executable, undeclared } of this._answer.values()) {
      if (executable && undeclared?.code) {
        this.codes.set(executable, undeclared.code);
      }
    }
    this._readings.clear();
  }

  private _collect(): void {
    this.problems = [...this.unread, ...this._problems];
  }

  private _onFile(_: unknown, { type }: Contents.IChangedArgs): void {
    if (type === 'save') {
      this._onCode();
    }
  }

  private _onCode(): void {
    if (this._isShown) {
      this.ask();
    } else {
      this._isOld = true;
    }
  }

  private _onChanged(_: FlowDoc, change: IFlowChange): void {
    const flow = change.flow;
    if (flow && (flow.nodes || flow.edges || flow.meta)) {
      this.ask();
    }
  }

  private _changed = new Signal<this, void>(this);
  private _problems: readonly IProblem[] = [];
  private _drafts = new Map<string, Map<string, IDraft>>();
  private _byNode = new Map<string, IProblem[]>();
  private _answer = new Map<string, INodeReading>();
  private _readings = new Map<string, IReading>();
  private _timer?: number;
  private _took = 0;
  private _asked = 0;
  private _asking = false;
  private _isShown = true;
  /** Whether a file was saved since the last check. */
  private _isOld = false;
  private _disposed = false;
}
