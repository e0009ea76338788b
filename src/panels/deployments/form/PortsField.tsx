import { TranslationBundle } from '@jupyterlab/translation';
import { useEffect, useId, useRef } from 'react';
import { Button, CheckBox } from '../../../components/Button';
import { Port } from '../../../api/types';
import { FieldError } from '../../../components/text/messages';
import { Problems } from '../../../forms/schema/fields';

/** The element that gets the focus after a refusal. */
export const WRONG = '[aria-invalid="true"], [data-wrong="true"]';

interface IPortsFieldProps {
  label: string;
  help?: string;
  /** A message about all ports. */
  error?: string;
  /** Messages about parts of a port, by path, such as "ports.0.name". */
  errors: Problems;
  ports: readonly Port[];
  trans: TranslationBundle;
  onChange: (ports: readonly Port[]) => void;
}

const NEW: Port = { name: '', port: 8000, path: '/', websocket: true, keep_prefix: false };

/** The ports that a service listens on, one row for each. */
export function PortsField(props: IPortsFieldProps): JSX.Element {
  const { label, help, error, errors, ports, trans, onChange } = props;
  const place = useRef<HTMLFieldSetElement>(null);
  const isNew = useRef(false);
  useEffect(() => {
    if (isNew.current) {
      const names = place.current!.querySelectorAll<HTMLElement>('label:first-child > input');
      names[names.length - 1].focus();
    }
    isNew.current = false;
  }, [ports.length]);
  const add = () => {
    const taken = ports.map(({ port }) => port);
    const port = Math.max(NEW.port, ...taken.map(number => number + 1)); // different from the others
    isNew.current = true;
    onChange([...ports, { ...NEW, port: taken.includes(NEW.port) ? port : NEW.port }]);
  };
  return (
    <fieldset ref={place} className="nby-Ports">
      <legend>{label}</legend>
      {help && <div className="nby-Field-help">{help}</div>}
      {ports.map((port, index) => (
        <PortRow
          key={index}
          label={label}
          port={port}
          error={part => errors[`ports.${index}.${part}`]}
          trans={trans}
          onChange={part =>
            onChange(ports.map((known, at) => (at === index ? { ...known, ...part } : known)))
          }
          onRemove={() => {
            onChange(ports.filter((_, at) => at !== index));
            place.current?.querySelector<HTMLElement>(':scope > button')?.focus();
          }}
        />
      ))}
      <FieldError>{error}</FieldError>
      <Button data-wrong={!!error} onClick={add}>
        {trans.__('Add a Port')}
      </Button>
    </fieldset>
  );
}

interface IPortRowProps {
  label: string;
  port: Port;
  error: (part: keyof Port) => string | undefined;
  trans: TranslationBundle;
  onChange: (part: Partial<Port>) => void;
  onRemove: () => void;
}

function PortRow({ label, port, error, trans, onChange, onRemove }: IPortRowProps): JSX.Element {
  const id = useId();
  const texts = [
    ['name', trans.__('Link'), trans.__('The last part of the address')],
    ['port', trans.__('Port'), ''],
    ['path', trans.__('Path'), trans.__('The path of the health check')]
  ] as const;
  const flags = [
    ['websocket', trans.__('WebSockets'), ''],
    ['keep_prefix', trans.__('Keep prefix'), trans.__('The service receives the whole path')]
  ] as const;
  return (
    <div className="nby-Ports-row" role="group" aria-label={port.name || label}>
      {texts.map(([part, caption, title]) => (
        <label key={part} title={title} className={`nby-Ports-${part}`}>
          {caption}
          <input
            type={part === 'port' ? 'number' : 'text'}
            className="jp-mod-styled"
            spellCheck={false}
            aria-invalid={!!error(part)}
            aria-describedby={error(part) && `${id}-${part}`}
            value={port[part] || ''}
            onChange={({ target }) =>
              onChange({ [part]: part === 'port' ? target.valueAsNumber || 0 : target.value })
            }
          />
        </label>
      ))}
      {flags.map(([flag, caption, title]) => (
        <CheckBox
          key={flag}
          title={title}
          className="nby-Ports-flag"
          checked={port[flag]}
          onChange={checked => onChange({ [flag]: checked })}
        >
          {caption}
        </CheckBox>
      ))}
      <Button aria-label={trans.__('Remove Port %1', port.name || port.port)} onClick={onRemove}>
        {trans.__('Remove')}
      </Button>
      {texts.map(([part]) => (
        <FieldError key={part} id={`${id}-${part}`}>
          {error(part)}
        </FieldError>
      ))}
    </div>
  );
}
