import { TranslationBundle } from '@jupyterlab/translation';
import { Resources } from '../../../api/types';
import { More } from '../../../components/More';
import { Json, JsonObject } from '../../../document/canonical';
import { LimitFields } from '../../../forms/LimitFields';
import { Offered } from '../../../forms/runtimes';
import { ValueField } from '../../../forms/ValueField';

interface IResourceFieldsProps {
  resources: Partial<Resources>;
  /** Messages of the server, by path. */
  errors: Readonly<Record<string, string>>;
  offered?: Offered;
  trans: TranslationBundle;
  onChange: (resources: Partial<Resources>) => void;
}

const PLACE = 'resources.';

/** The resources of nodes that set none; the rare ones closed at first. */
export function ResourceFields(props: IResourceFieldsProps): JSX.Element {
  const { resources, trans, onChange } = props;
  const errors = Object.fromEntries(
    Object.entries(props.errors)
      .filter(([path]) => path.startsWith(PLACE))
      .map(([path, text]) => [path.slice(PLACE.length), text])
  );
  const fields = resources as JsonObject;
  const set = (field: string, value: Json | undefined) => {
    const { [field]: _, ...others } = fields;
    onChange((value === undefined ? others : { ...others, [field]: value }) as Partial<Resources>);
  };
  const text = (field: string, label: string, help: string) => (
    <ValueField
      label={label}
      type="string"
      help={help}
      value={fields[field] || undefined}
      suggestions={props.offered?.[field]}
      error={errors[field]}
      trans={trans}
      onChange={value => set(field, value)}
    />
  );
  const isGiven = (value: unknown) => value !== undefined && value !== '' && value !== null;
  const isOpen = Object.values(fields).some(isGiven) || Object.keys(errors).length > 0;
  const isRareOpen = ['image', 'requirements'].some(key => isGiven(fields[key] ?? errors[key]));
  return (
    <More summary={trans.__('Resources')} open={isOpen}>
      <div className="nby-Form">
        {text('environment', trans.__('Environment'), trans.__('A name, or name@2 for version 2.'))}
        <LimitFields fields={fields} errors={errors} trans={trans} onChange={set} />
        <More summary={trans.__('Image and requirements')} open={isRareOpen}>
          {text('image', trans.__('Image'), trans.__('For runs in containers.'))}
          {text(
            'requirements',
            trans.__('Requirements'),
            trans.__('A requirements file beside the executable. The image is built from it.')
          )}
        </More>
      </div>
    </More>
  );
}
