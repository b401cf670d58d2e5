using System.Text;
using Microsoft.Extensions.Primitives;

namespace ConcertDapr.Sidecar.Invocation;

/// <summary>
/// A request whose repeated headers stay lines of their own, as they came. HttpClient would join the values with commas;
/// here they are joined by a mark that the connection's encoding writes as the end of a line and the header's name again.
/// </summary>
internal sealed class LinedRequest(HttpMethod method, Uri target) : HttpRequestMessage(method, target)
{
    /// <summary>No other use of this character in a header; one in a value makes another line of the same header, no more.</summary>
    private const char Mark = '\u001f';

    private List<string>? repeated;

    /// <summary>The encoding of a header's value, for <see cref="SocketsHttpHandler.RequestHeaderEncodingSelector"/>.</summary>
    public static Encoding EncodingOf(string name, HttpRequestMessage request) =>
        request is LinedRequest { repeated: { } names } && names.Contains(name, StringComparer.OrdinalIgnoreCase)
            ? new LineEncoding($"\r\n{name}: ")
            : Encoding.Latin1;

    /// <summary>Adds a header with one line per value; false when it belongs to the content.</summary>
    public bool TryAddLines(string name, StringValues values)
    {
        if (values.Count == 1) return Headers.TryAddWithoutValidation(name, values[0]);
        if (!Headers.TryAddWithoutValidation(name, string.Join(Mark, values.AsEnumerable()))) return false;
        (repeated ??= []).Add(name);
        return true;
    }

    private sealed class LineEncoding(string lineBreak) : Encoding
    {
        public override int GetByteCount(char[] chars, int index, int count) =>
            count + (lineBreak.Length - 1) * chars.AsSpan(index, count).Count(Mark);

        public override int GetBytes(char[] chars, int charIndex, int charCount, byte[] bytes, int byteIndex) =>
            Latin1.GetBytes(new string(chars, charIndex, charCount).Replace($"{Mark}", lineBreak, StringComparison.Ordinal), bytes.AsSpan(byteIndex));

        public override int GetMaxByteCount(int charCount) => charCount * lineBreak.Length;

        public override int GetCharCount(byte[] bytes, int index, int count) => throw new NotSupportedException("headers are only written");

        public override int GetChars(byte[] bytes, int byteIndex, int byteCount, char[] chars, int charIndex) =>
            throw new NotSupportedException("headers are only written");

        public override int GetMaxCharCount(int byteCount) => throw new NotSupportedException("headers are only written");
    }
}
