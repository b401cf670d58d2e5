using System.Text.RegularExpressions;

namespace ConcertDapr.Tests;

/// <summary>The metrics and labels that an expression of Prometheus' language names.</summary>
public sealed partial record PromQl(IReadOnlyList<string> Metrics, IReadOnlyList<string> Labels)
{
    private static readonly HashSet<string> s_words = 
        ["and", "or", "unless", "bool", "offset", "inf", "nan", "by", "without", "on", "ignoring", "group_left", "group_right"];

    public static PromQl Of(string expression)
    {
        var text = Strings().Replace(expression, "''");
        var matchers = Braces().Matches(text).SelectMany(m => Matchers().Matches(m.Value)).Select(m => m.Groups[1].Value);
        var groupings = Groupings().Matches(text).SelectMany(m => m.Groups[1].Value.Split(',', StringSplitOptions.TrimEntries | StringSplitOptions.RemoveEmptyEntries));
        text = Ranges().Replace(Groupings().Replace(Braces().Replace(text, ""), ""), "");
        var metrics = Names().Matches(text).Select(m => m.Value).Where(n => !s_words.Contains(n));
        return new([.. metrics.Distinct()], [.. matchers.Concat(groupings).Distinct()]);
    }

    [GeneratedRegex("""
        "(?:[^"\\]|\\.)*"|'(?:[^'\\]|\\.)*'
        """)]
    private static partial Regex Strings();

    [GeneratedRegex(@"\{[^}]*\}")]
    private static partial Regex Braces();

    [GeneratedRegex(@"(\w+)\s*(?:=~|!~|!=|=)")]
    private static partial Regex Matchers();

    [GeneratedRegex(@"\b(?:by|without|on|ignoring|group_left|group_right)\s*\(([^)]*)\)")]
    private static partial Regex Groupings();

    [GeneratedRegex(@"\[[^\]]*\]")]
    private static partial Regex Ranges();

    // A name that is not a function's: no bracket follows.
    [GeneratedRegex(@"(?<![\w:.])(?>[a-zA-Z_:][\w:]*)(?!\s*\()")]
    private static partial Regex Names();
}
