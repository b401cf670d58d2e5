using System.Globalization;
using System.Text;

namespace ConcertDapr.Tests;

/// <summary>The spans of one trace, as a tree under the browser's span.</summary>
public sealed class Trace(IEnumerable<ReceivedSpan> spans)
{
    // What services and workflows do; in between are spans of transports, sidecars and databases.
    private static readonly string[] s_steps = ["Microsoft.AspNetCore", "Dapr.Workflow"];

    private readonly Dictionary<string, ReceivedSpan> _spans = spans.ToDictionary(s => s.Id);

    public IReadOnlyCollection<ReceivedSpan> Spans => _spans.Values;

    /// <summary>Spans whose parent is neither here nor the browser's.</summary>
    public IEnumerable<ReceivedSpan> Orphans => Spans.Where(s => s.Parent != TracedSystem.BrowserSpan && !_spans.ContainsKey(s.Parent ?? ""));

    /// <summary>The services' own steps that led to a span, from the gateway down to itself.</summary>
    public IReadOnlyList<string> PathTo(string service, string name, string? under = null) =>
        Spans.Where(s => s.Service == service && s.Name == name).Select(Path).First(p => under is null || p.Contains(under));

    /// <summary>The tree as text, with durations.</summary>
    public override string ToString()
    {
        var text = new StringBuilder();
        foreach (var root in Below(TracedSystem.BrowserSpan)) Draw(root, "", text);
        return text.ToString();
    }

    private List<string> Path(ReceivedSpan span)
    {
        var path = new List<string>();
        for (var step = span; step is not null; step = _spans.GetValueOrDefault(step.Parent!))
            if (s_steps.Contains(step.Scope)) path.Insert(0, step.ToString());
        return path;
    }

    private IEnumerable<ReceivedSpan> Below(string id) => Spans.Where(s => s.Parent == id).OrderBy(s => s.Start);

    private void Draw(ReceivedSpan span, string indent, StringBuilder text)
    {
        text.AppendLine(CultureInfo.InvariantCulture, $"{span.Duration.TotalMilliseconds,7:0.0} ms  {indent}{span.Service,-12}  {span.Name}");
        foreach (var child in Below(span.Id)) Draw(child, indent + "  ", text);
    }
}
