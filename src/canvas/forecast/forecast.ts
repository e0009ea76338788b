/** Shows before a run what would run: beside Run in the toolbar, and as marks on cards. */
import { ApiError } from '../../api/client';
import { CanvasController } from '../model/controller';
import { title } from '../model/connecting';
import { IForecast } from '../model/tokens';

/** After the last change, before the server is asked, in milliseconds. */
const QUIET = 500;
const MOST_LISTED = 12;

/** Asks the server after each check of the document, while the canvas is seen and nothing runs. */
export class Forecast {
  constructor(
    private readonly canvas: CanvasController,
    private readonly node: HTMLElement
  ) {
    this._button.type = 'button';
    this._button.addEventListener('click', this._onClick);
    this._status.className = 'nby-Sr';
    this._status.setAttribute('role', 'status');
    node.replaceChildren(this._button, this._status);
    this._write('');
    canvas.doc.changed.connect(this._onDocument, this);
    canvas.checker.changed.connect(this.ask, this);
    canvas.runs?.changed.connect(this._onRuns, this);
    this.ask();
  }

  /** Follow whether the canvas is seen; files may have changed while it was hidden. */
  set isShown(shown: boolean) {
    this._isShown = shown;
    this.ask();
  }

  /** Ask in a moment; an earlier question is cancelled. */
  ask(): void {
    window.clearTimeout(this._timer);
    this._asking?.abort();
    this._isOld = true;
    this._timer = window.setTimeout(() => void this._ask(), QUIET);
  }

  dispose(): void {
    window.clearTimeout(this._timer);
    this._asking?.abort();
    this.canvas.doc.changed.disconnect(this._onDocument, this);
  }

  private get _canAsk(): boolean {
    const { checker, doc, isLive } = this.canvas;
    const isSound = doc.broken === undefined && checker.unreachable === undefined;
    return isSound && checker.settled && !checker.problems.length && !isLive && doc.hasCode;
  }

  private async _ask(): Promise<void> {
    const { canvas } = this;
    const { backend } = canvas.services;
    if (!this._isShown) {
      return; // asked again when it is shown
    }
    if (!backend || !this._canAsk) {
      this._show(undefined);
      return;
    }
    const asking = (this._asking = new AbortController());
    const forecast = await backend
      .forecast(canvas.path, canvas.doc.toJSON(), asking.signal)
      .catch((error: unknown) => {
        if (error instanceof ApiError && error.code === 'busy' && !asking.signal.aborted) {
          this.ask(); // an earlier question is still being answered
        }
        return undefined;
      });
    if (!asking.signal.aborted) {
      this._show(this._canAsk ? forecast : undefined);
    }
  }

  private _show(forecast: IForecast | undefined): void {
    const { canvas } = this;
    this._isOld = false;
    this._write(forecast ? this._text(forecast) : '');
    this._button.title = forecast ? this._list(forecast) : '';
    canvas.views.forecast = forecast;
  }

  /** Show the text on the button, and beside it for screen readers. */
  private _write(text: string): void {
    this._button.textContent = text;
    this._button.hidden = !text;
    this._status.textContent = text;
  }

  private _text({ cached, toRun, isMaximum, took, waits }: IForecast): string {
    const { trans } = this.canvas;
    if (!toRun) {
      return trans.__('All %1 cached', cached);
    }
    const parts = [
      cached && trans.__('%1 cached', cached),
      isMaximum ? trans.__('up to %1 will run', toRun) : trans.__('%1 will run', toRun),
      took && trans.__('about %1', took),
      waits
    ];
    return parts.filter(Boolean).join(', ');
  }

  private _list(forecast: IForecast): string {
    const { canvas } = this;
    const { trans } = canvas;
    const nodes = [...forecast.reasons];
    const lines = nodes
      .slice(0, MOST_LISTED)
      .map(([id, reason]) => `${title(canvas, id)}: ${reason}`);
    const rest = nodes.length - lines.length;
    return [
      this._text(forecast),
      ...lines,
      ...(rest > 0 ? [trans._n('and %1 more', 'and %1 more', rest)] : [])
    ].join('\n');
  }

  /** The server is asked once it has checked the edit. */
  private _onDocument(): void {
    if (!this.canvas.checker.settled) {
      this._isOld = true;
    }
  }

  /** Whether the document changed since the answer: the text is then dimmed. */
  private set _isOld(isOld: boolean) {
    this.node.classList.toggle('nby-mod-old', isOld);
  }

  private _onRuns(): void {
    if (this.canvas.isLive && this.canvas.views.forecast) {
      this._asking?.abort();
      this._show(undefined);
    }
  }

  private _onClick = (): void => void this.canvas.commands.execute('nbyard:show-forecast');

  private readonly _button = document.createElement('button');
  private readonly _status = document.createElement('span');
  private _isShown = true;
  private _timer?: number;
  private _asking?: AbortController;
}
