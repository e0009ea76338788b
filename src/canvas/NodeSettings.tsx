import { ValueType } from '../document/arguments';
import { Json, JsonObject } from '../document/canonical';
import { readBytes, showBytes } from '../components/bytes';
import { ValueField } from '../forms/ValueField';
import { useCanvas } from './hooks';

interface INodeSettingsProps {
  id: string;
  fields: JsonObject;
  readOnly: boolean;
}

interface ISetting {
  key: string;
  label: string;
  type: ValueType;
  help?: string;
  choices?: Json[];
  fallback?: Json;
}

/** Where and with how much a node runs; what is left empty comes from the executable. */
export function NodeSettings({ id, fields, readOnly }: INodeSettingsProps): JSX.Element {
  const { doc, trans } = useCanvas();
  const settings: ISetting[] = [
    {
      key: 'runtime',
      label: trans.__('Runtime'),
      type: 'choice',
      choices: ['process', 'docker'],
      help: trans.__('A local process, or a container.')
    },
    { key: 'image', label: trans.__('Image'), type: 'string' },
    {
      key: 'requirements',
      label: trans.__('Requirements'),
      type: 'string',
      help: trans.__('A file beside the workflow; the image is made from it.')
    },
    { key: 'cpu', label: trans.__('CPUs'), type: 'float' },
    { key: 'timeout_seconds', label: trans.__('Time limit in seconds'), type: 'float' },
    { key: 'cache', label: trans.__('Take results from the cache'), type: 'bool', fallback: true },
    {
      key: 'version',
      label: trans.__('Pinned version'),
      type: 'string',
      help: trans.__('Empty: the node follows its file.')
    }
  ];
  return (
    <div className="nby-Form">
      {settings.map(({ key, ...setting }) => (
        <ValueField
          key={key}
          {...setting}
          value={fields[key]}
          readOnly={readOnly}
          trans={trans}
          onChange={value => doc.setField(id, key, value)}
        />
      ))}
      <ValueField
        label={trans.__('Memory')}
        type="string"
        help={trans.__('For example 512 MiB or 2 GiB.')}
        value={typeof fields.memory_bytes === 'number' ? showBytes(fields.memory_bytes) : undefined}
        readOnly={readOnly}
        trans={trans}
        onChange={value => doc.setField(id, 'memory_bytes', readBytes(String(value ?? '')))}
      />
    </div>
  );
}
