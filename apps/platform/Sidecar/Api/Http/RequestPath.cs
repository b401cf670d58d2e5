using System.Text;

namespace ConcertDapr.Sidecar.Api.Http;

/// <summary>The target of a request as daprd's router sees it: split while still escaped, without empty segments.</summary>
internal sealed class RequestPath
{
    private readonly string[] escaped;

    private RequestPath(string path, string query)
    {
        Query = query;
        escaped = Clean(path.Split('/', StringSplitOptions.RemoveEmptyEntries));
        Path = "/" + string.Join('/', escaped);
        HasTrailingSlash = path.EndsWith('/');
    }

    /// <summary>Escaped, without empty segments and trailing slash.</summary>
    public string Path { get; }

    /// <summary>With its question mark, or empty.</summary>
    public string Query { get; }

    public bool HasTrailingSlash { get; }

    public int Count => escaped.Length;

    /// <summary>The segment as sent.</summary>
    public string this[int index] => index < escaped.Length ? escaped[index] : "";

    public static RequestPath Parse(string target)
    {
        // The absolute form is for proxies; what follows the authority is the path.
        var start = target.StartsWith('/') ? 0 : target.IndexOf("://", StringComparison.Ordinal) is var scheme and >= 0
            ? Math.Max(target.IndexOf('/', scheme + 3), scheme + 3) : 0;
        var path = target[start..];
        var mark = path.IndexOf('?');
        return mark < 0 ? new RequestPath(path, "") : new RequestPath(path[..mark], path[mark..]);
    }

    /// <summary>Whether these are the first segments.</summary>
    public bool StartsWith(params ReadOnlySpan<string> segments)
    {
        if (escaped.Length < segments.Length) return false;
        for (var i = 0; i < segments.Length; i++)
            if (escaped[i] != segments[i]) return false;
        return true;
    }

    /// <summary>A segment decoded by the rules of queries: a plus is a blank.</summary>
    /// <exception cref="BadEscapeException">An escape is malformed.</exception>
    public string Text(int index) => Unescape(this[index], plusIsBlank: true);

    /// <summary>The segments from here on, decoded and joined.</summary>
    public string Rest(int index) => string.Join('/', escaped.Skip(index).Select(segment => Unescape(segment, plusIsBlank: true)));

    /// <summary>The whole path decoded by the rules of paths, from a segment on.</summary>
    public string DecodedPath(int index) => "/" + string.Join('/', escaped.Skip(index).Select(segment => Unescape(segment, plusIsBlank: false)));

    /// <summary>The query's parameters whose names begin with <c>metadata.</c>, without that prefix; the first of a name counts.</summary>
    public Dictionary<string, string> Metadata()
    {
        var metadata = new Dictionary<string, string>(StringComparer.Ordinal);
        foreach (var (name, value) in Parameters())
            if (name.StartsWith("metadata.", StringComparison.Ordinal)) metadata.TryAdd(name[9..], value);
        return metadata;
    }

    /// <summary>The first parameter of this name, or null.</summary>
    public string? Parameter(string name)
    {
        if (Query.Length == 0) return null;
        foreach (var parameter in Parameters())
            if (parameter.Name == name) return parameter.Value;
        return null;
    }

    private IEnumerable<(string Name, string Value)> Parameters()
    {
        if (Query.Length < 2) yield break;
        foreach (var part in Query[1..].Split('&', StringSplitOptions.RemoveEmptyEntries))
        {
            var equal = part.IndexOf('=');
            var (name, value) = equal < 0 ? (part, "") : (part[..equal], part[(equal + 1)..]);
            yield return (Unescape(name, plusIsBlank: true), Unescape(value, plusIsBlank: true));
        }
    }

    /// <summary>Resolves dots that are written as such; escaped ones are ordinary text.</summary>
    private static string[] Clean(string[] segments)
    {
        if (!segments.Any(segment => segment is "." or "..")) return segments;
        var kept = new List<string>();
        foreach (var segment in segments)
        {
            if (segment == ".." && kept.Count > 0) kept.RemoveAt(kept.Count - 1);
            else if (segment is not ("." or "..")) kept.Add(segment);
        }
        return [.. kept];
    }

    private static string Unescape(string text, bool plusIsBlank)
    {
        if (!text.AsSpan().ContainsAny('%', '+')) return text;
        var bytes = new byte[Encoding.UTF8.GetMaxByteCount(text.Length)];
        var length = 0;
        for (var i = 0; i < text.Length; i++)
        {
            if (text[i] == '%')
            {
                if (i + 2 >= text.Length || !TryHex(text.AsSpan(i + 1, 2), out bytes[length])) throw new BadEscapeException();
                length++;
                i += 2;
            }
            else if (text[i] == '+' && plusIsBlank) bytes[length++] = (byte)' ';
            else length += Encoding.UTF8.GetBytes(text.AsSpan(i, 1), bytes.AsSpan(length));
        }
        return Encoding.UTF8.GetString(bytes, 0, length);
    }

    private static bool TryHex(ReadOnlySpan<char> digits, out byte value) =>
        byte.TryParse(digits, System.Globalization.NumberStyles.AllowHexSpecifier, System.Globalization.CultureInfo.InvariantCulture, out value);
}

/// <summary>A percent sign without two hexadecimal digits.</summary>
internal sealed class BadEscapeException : Exception;
