using System.Globalization;
using System.Text;

namespace ConcertDapr.Sidecar.Invocation;

/// <summary>Path segments on their way into a URL.</summary>
internal static class PathText
{
    private const string Unescaped = "-_.~$&+,:;=@!'()*";

    /// <summary>Escapes what may not stand in a path segment; a slash is escaped too.</summary>
    public static string Escape(string segment)
    {
        if (segment.All(IsPlain)) return segment;
        var text = new StringBuilder();
        foreach (var b in Encoding.UTF8.GetBytes(segment))
        {
            if (b < 128 && IsPlain((char)b)) text.Append((char)b);
            else text.Append(CultureInfo.InvariantCulture, $"%{b:X2}");
        }
        return text.ToString();
    }

    private static bool IsPlain(char c) => char.IsAsciiLetterOrDigit(c) || Unescaped.Contains(c, StringComparison.Ordinal);
}
