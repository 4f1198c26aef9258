// How the marks of the map are drawn: a dot, a cross, a disc, a ring, two diamonds.
const BORT_MAP_VERTEX = `
  attribute vec3 place; attribute vec3 origin; attribute vec4 colour; attribute float kind;
  uniform mat3 turn; uniform vec3 centre; uniform vec2 scale; uniform vec2 shift;
  uniform float grow; uniform float size; uniform float reach;
  varying vec4 v_colour; varying float v_kind; varying float v_size;
  void main() {
    vec3 at = turn * (mix(origin, place, grow) - centre);
    gl_Position = colour.a == 0.0 ? vec4(2.0, 2.0, 2.0, 1.0)
      : vec4(at.xy * scale + shift, -at.z / (1.6 * reach), 1.0);
    v_size = size * (kind < 0.5 ? 0.6 : kind < 1.5 ? 1.15 : 1.0);
    gl_PointSize = v_size;
    float fog = reach > 1e9 ? 1.0 : 0.62 + 0.38 * clamp(at.z / reach, -1.0, 1.0);
    v_colour = vec4(colour.rgb, colour.a * fog);
    v_kind = kind;
  }`;
const BORT_MAP_FRAGMENT = `
  precision mediump float;
  varying vec4 v_colour; varying float v_kind; varying float v_size;
  void main() {
    vec2 q = gl_PointCoord * 2.0 - 1.0;
    float round_ = length(q), square = (abs(q.x) + abs(q.y));
    vec2 turned = abs(vec2(q.x + q.y, q.x - q.y)) * 0.7071;
    float inside = v_kind < 0.5 ? 1.0 - round_
      : v_kind < 1.5 ? min(0.24 - min(turned.x, turned.y), 0.98 - max(turned.x, turned.y))
      : v_kind < 2.5 ? 0.92 - round_
      : v_kind < 3.5 ? min(0.95 - round_, round_ - 0.5)
      : v_kind < 4.5 ? 0.98 - square
      : min(0.98 - square, square - 0.5);
    float alpha = clamp(inside * v_size * 0.5 + 0.5, 0.0, 1.0) * v_colour.a;
    if (alpha < 0.02) discard;
    gl_FragColor = vec4(v_colour.rgb * alpha, alpha);
  }`;

function bortMapProgram(gl) {
  const program = gl.createProgram();
  for (const [kind, text] of [[gl.VERTEX_SHADER, BORT_MAP_VERTEX], [gl.FRAGMENT_SHADER, BORT_MAP_FRAGMENT]]) {
    const shader = gl.createShader(kind);
    gl.shaderSource(shader, text);
    gl.compileShader(shader);
    gl.attachShader(program, shader);
  }
  gl.linkProgram(program);
  gl.useProgram(program);
  gl.enable(gl.BLEND);
  gl.blendFunc(gl.ONE, gl.ONE_MINUS_SRC_ALPHA);
  program.buffers = {};
  for (const [name, size, type] of [["place", 3, gl.FLOAT], ["origin", 3, gl.FLOAT],
                                    ["colour", 4, gl.UNSIGNED_BYTE], ["kind", 1, gl.UNSIGNED_BYTE]]) {
    const buffer = (program.buffers[name] = gl.createBuffer()), at = gl.getAttribLocation(program, name);
    gl.bindBuffer(gl.ARRAY_BUFFER, buffer);
    gl.enableVertexAttribArray(at);
    gl.vertexAttribPointer(at, size, type, name === "colour", 0, 0);
  }
  return program;
}

function bortMapSend({ gl, program }, name, values) {
  gl.bindBuffer(gl.ARRAY_BUFFER, program.buffers[name]);
  gl.bufferData(gl.ARRAY_BUFFER, values, gl.DYNAMIC_DRAW);
}
