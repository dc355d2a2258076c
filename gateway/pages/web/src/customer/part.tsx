// A part of the page that fails by itself: the others stay.
import { Component, type ComponentChildren } from "preact";
import { text } from "../i18n/language";

export class Part extends Component<{ children: ComponentChildren }, { broken: boolean }> {
  override state = { broken: false };

  static override getDerivedStateFromError() {
    return { broken: true };
  }

  override componentDidCatch(error: Error) {
    console.error(error.name); // its message may hold a value
  }

  override render() {
    if (!this.state.broken) return <>{this.props.children}</>;
    return <p class="unavailable" data-state="broken" role="alert">{text.state.broken}</p>;
  }
}
