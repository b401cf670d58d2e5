using Spectre.Console;

namespace ConcertDapr.DevHost;

/// <summary>What the developer sees: a prefix in a colour per program, and every line in a file as well.</summary>
internal sealed class Output : IDisposable
{
    private static readonly string[] s_colours = ["aqua", "green", "yellow", "fuchsia", "blue", "olive", "teal", "purple", "grey"];

    // Not a terminal: no colours and no wrapping, one line stays one line.
    private static readonly bool s_plain = Console.IsOutputRedirected;

    private readonly Lock _lock = new();
    private readonly Dictionary<string, (string Colour, StreamWriter File)> _programs = [];
    private readonly string _folder;

    public Output(string data) => _folder = Directory.CreateDirectory(Path.Combine(data, "logs")).FullName;

    /// <summary>A line of a program.</summary>
    public void Line(string program, string text)
    {
        lock (_lock)
        {
            var (colour, file) = Find(program);
            file.WriteLine(text);
            if (s_plain) Console.WriteLine($"{program,-13} {text}");
            else AnsiConsole.MarkupLine($"[{colour}]{Markup.Escape(program),-13}[/] {Markup.Escape(text)}");
        }
    }

    /// <summary>A line of this program's own, in markup.</summary>
    public void Say(string markup)
    {
        lock (_lock)
            if (s_plain) Console.WriteLine(Markup.Remove(markup));
            else AnsiConsole.MarkupLine(markup);
    }

    public void Dispose()
    {
        lock (_lock)
            foreach (var (_, file) in _programs.Values) file.Dispose();
    }

    private (string Colour, StreamWriter File) Find(string program)
    {
        if (_programs.TryGetValue(program, out var found)) return found;
        var file = new StreamWriter(Path.Combine(_folder, $"{program.Replace(':', '-')}.log"), append: true) { AutoFlush = true };
        return _programs[program] = (s_colours[_programs.Count % s_colours.Length], file);
    }
}
