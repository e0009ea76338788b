import { TranslationBundle } from '@jupyterlab/translation';
import { Port } from '../../api/types';

interface IPortsFieldProps {
  label: string;
  help?: string;
  error?: string;
  ports: readonly Port[];
  trans: TranslationBundle;
  onChange: (ports: readonly Port[]) => void;
}

const NEW: Port = { name: '', port: 8000, path: '/', websocket: true, keep_prefix: false };

/** The ports that a service listens at, a row for each. */
export function PortsField(props: IPortsFieldProps): JSX.Element {
  const { label, help, error, ports, trans, onChange } = props;
  const change = (index: number, part: Partial<Port>) =>
    onChange(ports.map((port, at) => (at === index ? { ...port, ...part } : port)));
  const flags = [
    ['websocket', trans.__('WebSockets'), ''],
    ['keep_prefix', trans.__('Keeps its prefix'), trans.__('The service is told the whole path')]
  ] as const;
  return (
    <fieldset className="nby-Ports">
      <legend>{label}</legend>
      {help && <div className="nby-Field-help">{help}</div>}
      {ports.map((port, index) => (
        <div key={index} className="nby-Ports-row" role="group" aria-label={port.name || label}>
          <label>
            {trans.__('Link')}
            <input
              type="text"
              className="jp-mod-styled"
              spellCheck={false}
              aria-invalid={!!error}
              value={port.name}
              onChange={event => change(index, { name: event.target.value })}
            />
          </label>
          <label>
            {trans.__('Port')}
            <input
              type="number"
              className="jp-mod-styled"
              value={port.port || ''}
              onChange={event => change(index, { port: event.target.valueAsNumber || 0 })}
            />
          </label>
          <label>
            {trans.__('Path')}
            <input
              title={trans.__('What is asked to see whether it answers')}
              type="text"
              className="jp-mod-styled"
              spellCheck={false}
              value={port.path}
              onChange={event => change(index, { path: event.target.value })}
            />
          </label>
          {flags.map(([flag, words, title]) => (
            <label key={flag} title={title} className="nby-Ports-flag">
              <input
                type="checkbox"
                checked={port[flag]}
                onChange={event => change(index, { [flag]: event.target.checked })}
              />{' '}
              {words}
            </label>
          ))}
          <button
            type="button"
            className="nby-Button"
            aria-label={trans.__('Remove port %1', port.name || port.port)}
            onClick={() => onChange(ports.filter((_, at) => at !== index))}
          >
            {trans.__('Remove')}
          </button>
        </div>
      ))}
      {error && (
        <div className="nby-Field-error" role="alert">
          {error}
        </div>
      )}
      <button type="button" className="nby-Button" onClick={() => onChange([...ports, NEW])}>
        {trans.__('Add a Port')}
      </button>
    </fieldset>
  );
}
