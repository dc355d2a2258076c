var O,bn,zo,fe,At,rt,xn,et,_n,Ot,Rt,Go,Ve=Symbol.for("pv"),ot={},st=[],qo=/^m(i|n|o|s|text|space)$/,Dt=Array.isArray,vn=st.slice,ke=Object.assign;function we(e){e&&e.parentNode&&e.remove()}function tt(e,t,r,s,o){var a={type:e,props:t,key:r,ref:s,__k:null,__:null,__b:0,__e:null,__c:null,constructor:Ve,__v:o||++bn,__i:-1,__u:0};return!o&&O.vnode&&O.vnode(a),a}function k(e){return e.children}function Ce(e,t){this.props=e,this.context=t,this.__g=0}function he(e,t){if(t==null)return e.__&&he(e.__,e.__i+1);for(var r;t<e.__k.length;t++)if((r=e.__k[t])&&r.__e)return r.__e;return typeof e.type!="function"||e.props.__P?null:he(e)}function Yo(e){var t,r=e.__v,s=r.__e,o=[],a=[],i=e.__P;i&&((t=ke({constructor:Ve},r)).__v=r.__v+1,O.vnode&&O.vnode(t),It(i,t,r,e.__n,i.namespaceURI,32&r.__u?[s]:null,o,s||he(r),32&r.__u,a),t.__v=r.__v,t.__.__k[t.__i]=t,Nn(o,t,a),r.__=r.__e=null,t.__e!=s&&wn(t))}function wn(e){if((e=e.__)&&e.__c&&!e.props.__P)return e.__e=null,e.__k.some(function(t){return t&&(e.__e=t.__e)}),wn(e)}function hn(e){(8&e.__g||(e.__g|=8,fe.push(e),rt++))&&At==O.debounceRendering||((At=O.debounceRendering)||queueMicrotask)(kn)}function kn(){try{for(var e,t=1;fe.length;)fe.length>t&&fe.sort(xn),e=fe.shift(),t=fe.length,8&e.__g&&Yo(e)}finally{(rt=fe.length)&&(At||queueMicrotask)(kn)}}function En(e,t,r,s,o,a,i,u,c,d,p){var f,g,m,x,w,_,E=s.__k||st,y=t.length;for(c=jo(r,t,E,c,y),f=0;f<y;f++)(m=r.__k[f])!=null&&(g=~m.__i&&E[m.__i]||ot,m.__i=f,_=It(e,m,g,o,a,i,u,c,d,p),x=m.__e,(g.ref!=m.ref||8&g.__u)&&(g.ref&&Lt(g.ref,null,m,g),m.ref&&p.push(m.ref,m.__c||x,m)),w=w||x,4&m.__u?(c=Sn(m,c,e,!g.__v),g.__e&&(g.__e=null)):typeof m.type=="function"&&_!==void 0?c=_:x&&(c=x.nextSibling),m.__u&=-21);return r.__e=w,c}function jo(e,t,r,s,o){var a,i,u,c,d,p,f,g,m,x=r.length,w=x,_=0,E=0,y=e.__k=Array(o);for(a=0;a<o;a++)(i=t[a])!=null&&typeof i!="boolean"&&typeof i!="function"?(typeof i!="object"||i.constructor===String?i=y[a]=tt(null,i):Dt(i)?i=y[a]=tt(k,{children:i}):i.constructor===Ve&&i.__b?i=y[a]=tt(i.type,i.props,i.key,i.ref,i.__v):y[a]=i,c=a+_,i.__=e,i.__b=e.__b+1,u=null,~(d=i.__i=Xo(i,r,c,w))&&(w--,(u=r[d])&&(u.__u|=2)),u&&u.__v?(i.__u|=16,d==c-1?_--:d==c+1?_++:d!=c&&(d>c?_--:_++,E=1)):(~d||(o>x?_--:o<x&&_++),typeof i.type!="function"&&(i.__u|=4))):y[a]=null;if(E){for(p=[],f=[],a=0;a<o;a++)if((i=y[a])&&16&i.__u){for(_=0,g=p.length;_<g;)p[m=_+g>>1]<i.__i?_=m+1:g=m;p[_]=i.__i,f[a]=_+1}for(_=p.length;a--;)f[a]&&(f[a]==_?_--:y[a].__u|=4)}if(w)for(a=0;a<x;a++)!(u=r[a])||2&u.__u||(u.__e==s&&(s=he(u)),Mt(u,u));return s}function Sn(e,t,r,s){var o,a,i,u;if(typeof e.type=="function"){if(e.props.__P)return t;if(o=e.__k)for(a=0;a<o.length;a++)o[a]&&(o[a].__=e,t=Sn(o[a],t,r,!1));return t}for(t&&!t.parentNode&&(t=he(e))&&!t.parentNode&&(t=null),i=e.__e,u=t;u&&u.nodeType==8;)u=u.nextSibling;for(i!=u&&(!s&&r.moveBefore&&i.parentNode?r.moveBefore(i,t):r.insertBefore(i,t||null)),t=i;(t=t&&t.nextSibling)&&t.nodeType==8&&!t.data.startsWith("$s"););return t}function Xo(e,t,r,s){var o,a=e.key,i=e.type,u=t[r],c=u&&!(2&u.__u);if(u===null&&a==null||c&&a==u.key&&i==u.type)return r;if(s>(c?1:0)){for(o=r-1;o>=0;o--)if((u=t[o])&&!(2&u.__u)&&a==u.key&&i==u.type)return o;for(o=r+1;o<t.length;o++)if((u=t[o])&&!(2&u.__u)&&a==u.key&&i==u.type)return o}return-1}function yn(e,t,r){r==null&&(r=""),t[0]=="-"?e.setProperty(t,r):e[t]=r}function Je(e,t,r,s,o){var a,i;if(t=="style")if(typeof r=="string")e.style.cssText=r;else{if(typeof s=="string"&&(e.style.cssText=s=""),s)for(t in s)r&&t in r||yn(e.style,t);if(r)for(t in r)s&&r[t]==s[t]||yn(e.style,t,r[t])}else if(t[0]=="o"&&t[1]=="n")typeof r!="function"&&(r=null),typeof s!="function"&&(s=null),(e.__e||(e.__e={}))[t]=r,r&&s||(i=Rt[t]||(Rt[t]=Zo(t)),(e.__a||(e.__a={}))[t]=Ot,a=t!=(t=t.replace(_n,"$1")),(t=t.slice(2))[0]<"a"&&(t=t.toLowerCase()),r?e.addEventListener(t,i,a):e.removeEventListener(t,i,a));else{if(o=="http://www.w3.org/2000/svg")t=t.replace(/xlink(H|:h)/,"h").replace(/sName$/,"s");else if(t!="width"&&t!="height"&&t!="href"&&t!="list"&&t!="form"&&t!="tabIndex"&&t!="download"&&t!="rowSpan"&&t!="colSpan"&&t!="role"&&t!="popover"&&t in e)try{return void(e[t]=r??"")}catch{}if(typeof r=="function")return;r==null||r===!1&&t[4]!="-"?e.removeAttribute(t):e.setAttribute(t,t=="popover"&&r==1?"":r)}}function Zo(e){return function(t){var r=this.__e;if(r){if(r=r[e],t[et]==null)t[et]=Ot++;else if(t[et]<this.__a[e])return;return r(O.event?O.event(t):t)}}}function It(e,t,r,s,o,a,i,u,c,d){var p,f,g,m,x,w,_,E,y,N,T,D,Ze,C,I,oe,ge,ve,se=t.type;if(t.constructor!==Ve)return null;128&r.__u&&(c=32&r.__u,p=r.__c.__z)&&(t.__u|=c,f=a=[],p.nodeType==8?u=nt(p,a):a.push(p),u=a[0]||u),(p=O.__b)&&p(t);e:if(typeof se=="function"){g=i.length;try{if(E=t.props,y=(p=se.prototype)&&p.render,N=(p=se.contextType)&&s[p.__c],T=p?N?N.props.value:p.__:s,(m=r.__c)?(t.__c=m,2&m.__g&&(m.__g|=1)):(y?t.__c=m=new se(E,T):(t.__c=m=new Ce(E,T),m.constructor=se,m.render=es),N&&N.sub(m),m.state||(m.state={}),m.__n=s,m.__g|=8,m.__h=[],m.__k=[]),y&&(m.__s||(m.__s=m.state),se.getDerivedStateFromProps&&(m.__s==m.state&&(m.__s=ke({},m.__s)),ke(m.__s,se.getDerivedStateFromProps(E,m.__s)))),x=m.props,w=m.state,m.__v=t,r.__c){if(E!==x&&y&&!se.getDerivedStateFromProps&&m.componentWillReceiveProps&&m.componentWillReceiveProps(E,T),t.__v==r.__v&&!(8&m.__g)||!(4&m.__g)&&m.shouldComponentUpdate&&m.shouldComponentUpdate(E,m.__s,T)===!1){t.__v!=r.__v&&(m.props=E,m.state=m.__s,m.__g&=-9),t.__e=r.__e,t.__k=r.__k,t.__k.some(function(j){j&&(j.__=t)}),st.push.apply(m.__h,m.__k),m.__k=[],m.__h.length&&i.push(m),u=he(r);break e}m.componentWillUpdate&&m.componentWillUpdate(E,m.__s,T),y&&m.componentDidUpdate&&m.__h.push(function(){m.componentDidUpdate(x,w,_)})}else y&&!se.getDerivedStateFromProps&&m.componentWillMount&&m.componentWillMount(),y&&m.componentDidMount&&m.__h.push(m.componentDidMount);m.context=T,m.props=E,m.__P=e,m.__g&=-5,D=O.__r,Ze=y?25:0;do m.__g&=-9,D&&D(t),p=m.render(m.props,m.state=m.__s,m.context);while(8&m.__g&&++Ze<25);y&&(st.push.apply(m.__h,m.__k),m.__k=[]),m.state=m.__s,m.getChildContext&&(s=ke({},s,m.getChildContext())),y&&r.__c&&m.getSnapshotBeforeUpdate&&(_=m.getSnapshotBeforeUpdate(x,w)),C=p&&p.type===k&&p.key==null?p.props.children:p,E.__P&&(p=u,o=(e=E.__P).namespaceURI,c=a=null,r.props&&r.props.__P!=e&&(r.__k.some(function(j){j&&Mt(j,j)}),r.__k=null),u=r.__k?he(r,0):null),u=En(e,Dt(C)?C:[C],t,r,s,o,a,i,u,c,d),E.__P&&(t.__e=null,u=p),t.__u&=-161,f&&f.some(we),m.__h.length&&i.push(m),1&m.__g&&(m.__g&=-4)}catch(j){if(i.length=g,t.__v=null,c||a)if(j&&j.then){if(t.__u|=128|c,a){for(~(ge=a.indexOf(u||void 0))||(ge=a.length);(ve=a[ge-1])&&ve.nodeType==8;)ge--;for(;ge<a.length;ge++)if(ve=a[ge])if(a[ge]=null,I){if(ve==oe)break}else{if(ve.nodeType!=8)break;ve.data.startsWith("$s")&&(oe=nt(I=ve))}}if(!I){for(;u&&u.nodeType==8&&u.nextSibling;)u=u.nextSibling;I=u}(p=nt(I=t.__c.__z||(t.__c.__z=I)))?(t.__e=I,u=p):t.__e=u,u=u&&u.nextSibling}else a&&a.some(we);else t.__e=r.__e;t.__k||(t.__k=r.__k||[]),j&&j.then||Tn(t),O.__e(j,t,r)}}else u=t.__e=Jo(r.__e,t,r,s,o,a,i,c,d,e);return(p=O.diffed)&&p(t),u}function nt(e,t){if(e&&e.nodeType==8&&e.data.startsWith("$s"))for(var r=1;e=e.nextSibling;){if(e.nodeType==8){if(e.data.startsWith("$s"))r++;else if(e.data.startsWith("/$s")&&!--r)return e}t&&t.push(e)}}function Tn(e){e&&(e.__c&&(e.__c.__g|=4),e.__k&&e.__k.some(Tn))}function Nn(e,t,r){for(var s=0;s<r.length;)Lt(r[s++],r[s++],r[s++]);O.__c&&O.__c(t,e),e.some(function(o){try{e=o.__h,o.__h=[],e.some(function(a){a.call(o)})}catch(a){O.__e(a,o.__v)}})}function Jo(e,t,r,s,o,a,i,u,c,d){var p,f,g,m,x,w,_,E,y=r.props||ot,N=t.props,T=t.type;if(T=="svg"?o="http://www.w3.org/2000/svg":T=="math"?o="http://www.w3.org/1998/Math/MathML":o||(o="http://www.w3.org/1999/xhtml"),a){for(p=0;p<a.length;p++)if((x=a[p])&&(T?x.localName==T:x.nodeType==3)){e=x,a[p]=null;break}}if(!e){if(E=d.ownerDocument||document,!T)return E.createTextNode(N);e=E.createElementNS(o,T,N.is?N:d),u&&(O.__m&&O.__m(t,a),u=!1),a=null}if(T){if(d=T=="template"&&e.content||e,a=T=="textarea"&&N.defaultValue!=null?null:a&&vn.call(d.childNodes),!u&&a)for(y={},p=0;p<e.attributes.length;p++)y[(x=e.attributes[p]).name]=x.value;for(p in y)x=y[p],p=="dangerouslySetInnerHTML"?g=x:p=="children"||p in N||p=="value"&&"defaultValue"in N||p=="checked"&&"defaultChecked"in N||Je(e,p,null,x,o);for(p in N)x=N[p],p=="children"?m=x:p=="dangerouslySetInnerHTML"?f=x:p=="value"?w=x:p=="checked"?_=x:u&&typeof x!="function"||y[p]===x||Je(e,p,x,y[p],o);f?(u||g&&(f.__html==g.__html||f.__html==e.innerHTML)||(e.innerHTML=f.__html),t.__k=[]):(g&&(e.textContent=""),(T=="foreignObject"||o=="http://www.w3.org/1998/Math/MathML"&&qo.test(T))&&(o="http://www.w3.org/1999/xhtml"),En(d,Dt(m)?m:[m],t,r,s,o,a,i,a?a[0]:r.__k&&he(r,0),u,c),a&&a.some(we)),u&&T!="textarea"||(p="value",T=="progress"&&w==null?e.removeAttribute(p):w==null||w===e[p]&&(T!="progress"||w)||Je(e,p,w,y[p],o),p="checked",_!=null&&_!=e[p]&&Je(e,p,_,y[p],o))}else y===N||u&&e.data==N||(e.data=N);return e}function Lt(e,t,r,s){try{typeof e=="function"?t?t.__x=e(t)||1:s&&(s=s.__c||s.__e)&&(t=s.__x)&&(s.__x=null,typeof t=="function"?t():e(null)):e.current=t}catch(o){O.__e(o,r)}}function Mt(e,t,r){var s,o,a,i;if(O.unmount&&O.unmount(e),!(s=e.ref)||s.current&&s.current!=e.__e||Lt(s,null,t,e),s=e.__c){if(s.componentWillUnmount)try{s.componentWillUnmount()}catch(u){O.__e(u,t)}s.__P=s.__n=null}if(s=e.__k)for(i=0;i<s.length;i++)s[i]&&Mt(s[i],t,typeof e.type!="function"||r&&!e.props.__P);!r&&(s=e.__c)&&(s=s.__z)&&(o=nt(s,a=[]))&&(s==e.__e&&a.some(we),we(o),we(s)),r||we(e.__e),e.__e=e.__c=e.__=null}function es(e,t,r){return this.constructor(e,r)}function Cn(e,t){var r,s,o,a;O.__&&O.__(e,t),t.nodeType==9&&(t=t.documentElement),s=(r=e&&32&e.__u)?null:t.__k,t.__k=tt(k,{children:[e]}),o=[],a=[],It(t,t.__k,s||ot,ot,t.namespaceURI,s?null:t.firstChild?vn.call(t.childNodes):null,o,s?s.__e:t.firstChild,r,a),Nn(o,t.__k,a),t.__k.props.children=null}O={__e:function(e,t,r,s){for(var o,a,i;t=t.__;)if((o=t.__c)&&!(1&o.__g)){o.__g|=4;try{if((i=(a=o.constructor)&&a.getDerivedStateFromError)&&o.setState(a.getDerivedStateFromError(e)),o.componentDidCatch&&(o.componentDidCatch(e,s||{}),i=1),i&&8&o.__g)return void(o.__g|=2)}catch(u){e=u}}throw rt=0,e}},bn=0,zo=function(e){return e!=null&&e.constructor===Ve},Ce.prototype.setState=function(e,t){var r=this.__s;r&&r!=this.state||(r=this.__s=ke({},this.state)),typeof e=="function"&&(e=e(ke({},r),this.props)),e&&(ke(r,e),this.__v&&(t&&this.__k.push(t),hn(this)))},Ce.prototype.forceUpdate=function(e){this.__v&&(this.__g|=4,e&&this.__h.push(e),hn(this))},Ce.prototype.render=k,fe=[],rt=0,xn=function(e,t){return e.__v.__b-t.__v.__b},et=Symbol(),_n=/(PointerCapture)$|Capture$/i,Ot=0,Rt={},Go=0;var Ae,F,$t,An,Pt=Object.is,Ke=0,Un=[],Ut=[],U=O,Rn=U.__b,On=U.__r,Dn=U.diffed,In=U.__c,Ln=U.unmount,Mn=U.__;function at(e,t){U.__h&&U.__h(F,e,Ke||t),Ke=0;var r=F.__H||(F.__H={__:[],__h:[]});return e>=r.__.length&&r.__.push({}),r.__[e]}function h(e){return Ke=1,ts(Bn,e)}function ts(e,t,r){var s=at(Ae++,2);if(s.t=e,!s.__c&&(s.__=[r?r(t):Bn(void 0,t),function(a){var i=(s.__N||s.__)[0],u=s.t(i,a);Pt(i,u)||(s.__N=[u,s.__[1]],s.__c.setState({}))}],s.__c=F,!F.__f)){F.__f=!0;var o=F.shouldComponentUpdate;F.shouldComponentUpdate=function(a,i,u){var c=this.__H;if(!c)return!0;var d=!1,p=this.props!=a;if(c.__.some(function(g){g.__N&&(d=!0,Pt(g.__[0],g.__N[0])||(p=!0))}),o){var f=o.call(this,a,i,u);return d?f||p:f}return!d||p}}return s.__}function v(e,t){var r=at(Ae++,3);!U.__s&&Wn(r.__H,t)&&(r.__P=!0,r.__=e,r.u=t,F.__H.__h.push(r))}function H(e){return Ke=5,Ee(function(){return{current:e}},[])}function Ee(e,t){var r=at(Ae++,7);return Wn(r.__H,t)&&(r.__=e(),r.__H=t),r.__}function Re(e,t){return Ke=8,Ee(function(){return e},t)}function Fn(){var e=at(Ae++,11);if(!e.__){for(var t=F.__v;!t.__m&&t.__;)t=t.__;var r=t.__m||(t.__m=[0,0]);e.__="P"+r[0]+"-"+r[1]++}return e.__}function ns(){var e;do{for(;e=Ut.shift();)try{He(e)}catch(r){U.__e(r,{__:(e=e.__P)&&e.__v})}for(;e=Un.shift();){var t=e.__H;if(e.__P&&t)try{t.__h.some(He),t.__h.some(Ft),t.__h=[]}catch(r){t.__h=[],U.__e(r,e.__v)}}}while(Ut.length)}U.__b=function(e){F=null,Rn&&Rn(e)},U.__=function(e,t){e&&t.__k&&t.__k.__m&&(e.__m=t.__k.__m),Mn&&Mn(e,t)},U.__r=function(e){On&&On(e),Ae=0;var t=(F=e.__c).__H;t&&($t==F?F.__h=[]:(t.__h.some(He),t.__h.some(Ft),Ae=0),t.__h=[],t.__.some(function(r){r.__N&&(r.__=r.__N),r.u=r.__N=void 0})),$t=F},U.diffed=function(e){Dn&&Dn(e);var t=e.__c;t&&t.__H&&(t.__H.__h.length&&Pn(Un.push(t)),t.__H.__.some(function(r){r.u&&(r.__H=r.u)})),$t=F=null},U.__c=function(e,t){t.some(function(r){try{r.__h.some(He),r.__h=r.__h.filter(function(s){return!s.__||Ft(s)})}catch(s){r.__h=[function(){throw s}]}}),In&&In(e,t)},U.unmount=function(e){Ln&&Ln(e);var t,r,s=e.__c;s&&s.__H&&(s.__H.__.some(function(o){try{if(o.__P&&o.__c){if(r===void 0){for(r=e.__;r&&(!r.__c||!r.__c.__P);)r=r.__;r=r&&r.__c}o.__P=r,Pn(Ut.push(o))}else He(o)}catch(a){t=a}}),s.__H=void 0,t&&U.__e(t,s.__v))};var $n=typeof requestAnimationFrame=="function";function rs(e){var t,r=function(){clearTimeout(s),$n&&cancelAnimationFrame(t),setTimeout(e)},s=setTimeout(r,35);$n&&(t=requestAnimationFrame(r))}function Pn(e){e!=1&&An==U.requestAnimationFrame||((An=U.requestAnimationFrame)||rs)(ns)}function He(e){var t=F,r=e.__c;typeof r=="function"&&(e.__c=void 0,r()),F=t}function Ft(e){var t=F;e.__c=e.__(),F=t}function Wn(e,t){return!e||e.length!=t.length||t.some(function(r,s){return!Pt(r,e[s])})}function Bn(e,t){return typeof t=="function"?t(e):t}var Wt="gateway:moved";function Vn(){let e=location.pathname;return e==="/"?{page:"search"}:e.startsWith("/c/")?{page:"customer",id:Bt(e.slice(3))}:{page:"other",name:e.slice(1)}}function Bt(e){try{return decodeURIComponent(e)}catch{return e}}function ae(e){return`/c/${encodeURIComponent(e).replaceAll("%3A",":")}`}function ie(e,t=!1){history[t?"replaceState":"pushState"](null,"",e),dispatchEvent(new Event(Wt))}function Hn(){let[e,t]=h(Vn);return v(()=>{let r=()=>t(Vn());return addEventListener("popstate",r),addEventListener(Wt,r),()=>{removeEventListener("popstate",r),removeEventListener(Wt,r)}},[]),e}function Vt(e){return e.metaKey||e.ctrlKey||e.shiftKey||e.button!==0}function le(e){if(Vt(e))return;let t=e.currentTarget;e.preventDefault(),ie(t.getAttribute("href")??"/")}function X(){return new URLSearchParams(location.hash.slice(1))}function ue(e){let t=X();for(let[s,o]of Object.entries(e))o===""?t.delete(s):t.set(s,o);let r=t.toString();ie(location.pathname+(r?`#${r}`:""),!0)}var Kn="pge_",os="profile-gateway:token",ss="profile-gateway:token-wanted",Qn="/embed/c/",Se=location.pathname.startsWith(Qn),zn=()=>Bt(location.pathname.slice(Qn.length));function Ht(){parent.postMessage({type:ss},"*")}function Gn(e){let t=({source:r,origin:s,data:o})=>{let{type:a,token:i}=o??{};r===parent&&a===os&&typeof i=="string"&&as(i)===s&&e(i)};return addEventListener("message",t),Ht(),()=>removeEventListener("message",t)}function as(e){if(!e.startsWith(Kn))return null;let t=e.slice(Kn.length).split(".")[0].replaceAll("-","+").replaceAll("_","/");try{let{origin:r}=JSON.parse(atob(t));return typeof r=="string"?r:null}catch{return null}}function Oe(e,t="local"){if(Se)return null;try{return Kt(t).getItem(e)}catch{return null}}function De(e,t,r="local"){if(!Se)try{t===null?Kt(r).removeItem(e):Kt(r).setItem(e,t)}catch{}}var Kt=e=>e==="local"?localStorage:sessionStorage;var qn={product:"Profile Gateway",skip:"Skip to content",search:{label:"Find a customer",placeholder:"Name, e-mail, phone, order or ticket number",hint:"As it is said on the phone: words in any order, nearly right is enough.",keys:"to choose, Enter to open, Esc to clear",busy:"Looking…",found:e=>e===1?"1 customer may be meant":`${e} customers may be meant`,exact:"exact",similar:"similar",tooShort:"One more letter: a single one finds everybody.",nobody:"Not in our system.",nobodySo:"Every source was asked, and none knows this.",nobodyYet:"Nobody found so far",notAsked:"This does not mean “not in our system”: not everything could be asked.",unavailable:e=>`Could not be asked: ${e}`,notTried:"Not looked for",withheldWays:"Some ways to find a customer are not open to you.",recent:"Recently opened",forget:"Forget these",openTickets:e=>e===1?"1 open ticket":`${e} open tickets`,noOpenTickets:"no open tickets",ticketsUnknown:"open tickets not known",ordersUnknown:"last order not known",lastOrder:e=>`ordered ${e}`,by:{ACCOUNT:"company account",COMPANY:"company",CUSTOMER_ID:"customer id",EMAIL:"e-mail",EXTERNAL_ID:"id at another system",MEMBER_NUMBER:"member number",NAME:"name",ORDER_ID:"order id",ORDER_NUMBER:"order number",PHONE:"phone",TICKET_ID:"ticket id",TICKET_NUMBER:"ticket number"}},viewer:{language:"Language",menu:"Menu: who looks, purpose and language",waiting:"Waiting for the page around this one to say who looks.",purpose:"Purpose",noPurpose:"no purpose",choosePurpose:"For which purpose do you look?",purposeWhy:"It is sent with every question, and stands in the audit beside it.",basis:{CONSENT:"the customer's consent",CONTRACT:"a contract",LEGITIMATE_INTEREST:"a legitimate interest",LEGAL_DUTY:"a legal duty"},anonymous:"no sign-in here",signIn:"Sign in",signInWhy:"Pages show customers to people who are known. Your key is exchanged once for a session of eight hours, and is kept nowhere.",key:"Key",refused:"This key is not known, or holds no more.",noSession:"Keys begin no session here. Open this page through your company's sign-in.",signOut:"Sign out"},customer:{title:"Customer",since:e=>`customer since ${e}`,localTime:e=>`${e} there`,speaks:e=>`speaks ${e}`,kind:{PERSON:"Person",COMPANY:"Company",UNKNOWN:""},role:{DECISION_MAKER:"decides",BUYER:"buyer",USER:"user",BILLING:"billing",TECHNICAL:"technical",OTHER:"other role",UNKNOWN:""},worksAt:(e,t)=>e?`${e}, ${t}`:t,unnamed:"No name",call:"Call",write:"Write",copy:"Copy",copied:"Copied",more:e=>`${e} more`,less:"Show less",zone:e=>`All times are in your zone, ${e}.`,pinned:e=>`The clock of this gateway stands at ${e}: figures are of that time.`,asQuery:"This page as a query",openAt:e=>`Open in ${e}, in a new tab`,openEditor:"Open the editor",close:"Close",actsFor:"In this answer the customer's id is"},state:{broken:"This part cannot be shown; the rest is not affected.",loading:"Loading",asOf:e=>`as of ${e}`,askedNow:"asked now",mayBeMore:"There may be more: not all of it can be read.",withheld:"not for your purpose",unavailable:(e,t)=>`${e} could not be asked: ${t}.`,missing:e=>`Without ${e}, which could not be asked.`,askAgain:"Ask again",asking:"Asking…",askedLately:e=>`again in ${e} s`,atLeast:e=>`at least ${e}`,noSource:"No source has these.",notAsked:"Not looked for: no source finds these by what is known of the customer.",reason:{SOURCE_TIMEOUT:"no answer in time",SOURCE_UNAVAILABLE:"it cannot be reached",SOURCE_THROTTLED:"it asks for fewer calls",SOURCE_AUTH:"it refuses the gateway",SOURCE_PROTOCOL:"its answer cannot be read",GATEWAY_BUSY:"the gateway was held up",OFFLINE:"the gateway cannot be reached"},otherReason:e=>`it failed (${e})`,refused:e=>`The gateway did not answer this: ${e}.`},sources:{title:"Sources",allWell:e=>e===1?"1 source, now":`${e} sources, now`,others:e=>e===1?"1 other, now":`${e} others, now`,asking:"Asking the sources…",unavailable:"not reachable",refused:"not all was answered",dropped:e=>e===1?"1 record left out":`${e} records left out`},tickets:{title:"Open tickets",none:(e,t)=>`No open tickets in ${e}, ${t}.`,ever:e=>e===1?"1 ticket in all":`${e} tickets in all`,newest:(e,t)=>`The newest ${e} of ${t}.`,noSubject:"Without a subject",priority:{LOW:"Low",NORMAL:"Normal",HIGH:"High",URGENT:"Urgent",UNKNOWN:""},status:{NEW:"new",OPEN:"open",PENDING:"waits for the customer",ON_HOLD:"on hold",SOLVED:"solved",CLOSED:"closed",UNKNOWN:"state not known"},author:{CUSTOMER:"Customer",AGENT:"Support",SYSTEM:"System",UNKNOWN:"Somebody"},opened:e=>`opened ${e}`},orders:{title:"Last order",none:(e,t)=>`No orders in ${e}, ${t}.`,status:{PENDING:"placed",CONFIRMED:"confirmed",PROCESSING:"being made ready",SHIPPED:"on its way",DELIVERED:"delivered",CANCELLED:"cancelled",RETURNED:"returned",UNKNOWN:"state not known"},order:e=>`Order ${e}`,refunded:e=>`${e} went back`,pieces:"Items"},spend:{title:"Spend",orders:e=>`${e} orders`,oneOrder:"1 order",since:e=>`since ${e}`,sinceOrBefore:e=>`since ${e} or before`,refunded:e=>`${e} refunded`,none:"Nothing bought yet."},expected:{title:"What to expect next",renewal:e=>`${e} renews`,end:e=>`${e} ends`},months:{title:"Orders by month",orders:"Orders of the last twelve months",atLeast:"At least these orders of the last twelve months",month:"Month"},subscriptions:{title:"Subscriptions",renews:e=>`renews ${e}`,ends:e=>`ends ${e}`,cancelled:e=>`cancelled ${e}`,plan:"Subscription",status:{TRIAL:"trial",ACTIVE:"active",PAST_DUE:"payment due",PAUSED:"paused",CANCELLED:"cancelled",ENDED:"ended",UNKNOWN:""},every:{DAY:"a day",WEEK:"a week",MONTH:"a month",YEAR:"a year",UNKNOWN:""}},timeline:{title:"Timeline",all:"All",only:{ORDER:"Orders",TICKET:"Tickets",EVENT:"Behaviour",DEAL:"Deals",SUBSCRIPTION:"Subscriptions",SURVEY:"Surveys"},none:(e,t)=>`Nothing in ${e}, ${t}.`,more:"Show more",end:"This is where it begins.",today:"Today",yesterday:"Yesterday",events:e=>`${e} actions`,stage:{OPEN:"open",WON:"won",LOST:"lost",UNKNOWN:""},deal:"Deal",survey:{NPS:"Would recommend",CSAT:"Contentment",CES:"Ease",REVIEW:"Review",UNKNOWN:"Survey"},outOf:(e,t)=>`${e} of ${t}`,details:"Details"},contacts:{title:"Contact",none:"No e-mail address and no phone number are known.",primary:"primary",address:"Address",noAddress:"No address is known.",account:"Company",noAccount:"Belongs to no company that is known.",member:"Member number",born:"Born",prefers:"Prefers",people:e=>`${e} people`,consents:"Consents",channel:{EMAIL:"E-mail",PHONE:"Phone",SMS:"SMS",PUSH:"Push",POST:"Post",CHAT:"Chat",WEB:"Web",SOCIAL:"Social",STORE:"Store",REVIEW:"Review",UNKNOWN:"Other"},consent:{GRANTED:"yes",DENIED:"no",WITHDRAWN:"withdrawn",UNKNOWN:"not asked"},completeness:"Profile",known:e=>`${e} known`,missing:e=>`missing: ${e}`,more:"More about the customer"},records:{title:"Known by",incomplete:"There may be another record: a source could not be asked.",differ:"Whose value it is",says:(e,t)=>`${e} says ${t}`},tags:{title:"Tags",none:"No tag says anything of this customer.",partial:"partial",stale:"being renewed",why:"Why",computed:e=>`computed ${e}`,seen:"What the rule saw",whyNot:"Why nothing else",unknown:"not known",yes:"yes",no:"no",category:{LIFECYCLE:"Lifecycle",BEHAVIOUR:"Behaviour",VALUE:"Value",PREFERENCE:"Preference",SATISFACTION:"Satisfaction",SERVICE:"Service",ACQUISITION:"Acquisition"}},lost:{title:"Nobody has this id",tried:"It was tried as every key that it may be: an id of a customer, an order or a ticket, a number, an id at another system.",unsure:"Not found, and not everything could be asked",erased:"This customer was erased",erasedSo:"Nothing of the person is shown any more.",hidden:"This customer is not shown for your purpose",hiddenSo:"Choose another purpose on top, if you have one.",forbidden:"You may not open customers by id",forbiddenSo:"The settings of the gateway say by which keys you may: customer_id is not among them.",ambiguous:"Who is it?",ambiguousSo:"Several customers have this key. Open one of them.",failed:"The customer could not be asked for",search:"Search for somebody else"},failure:{offline:"The gateway cannot be reached.",other:e=>`The gateway refused this (${e}).`,askAgain:"Ask again"}};var Yn={product:"Profile Gateway",skip:"跳到正文",search:{label:"查找客户",placeholder:"姓名、邮箱、电话、订单号或工单号",hint:"按电话里听到的输入即可：词序不限，写得差不多就能找到。",keys:"选择，回车打开，Esc 清空",busy:"正在查找…",found:e=>`可能是以下 ${e} 位客户`,exact:"完全一致",similar:"相似",tooShort:"请再输入一个字母：一个字母会匹配所有人。",nobody:"系统中没有此人。",nobodySo:"所有来源都已查询，没有任何一个认识。",nobodyYet:"暂时没有找到",notAsked:"这并不表示“系统中没有此人”：并非所有内容都能查询。",unavailable:e=>`无法查询：${e}`,notTried:"没有查找的内容",withheldWays:"有些查找方式未对您开放。",recent:"最近打开",forget:"清除记录",openTickets:e=>`${e} 个未结工单`,noOpenTickets:"没有未结工单",ticketsUnknown:"未结工单未知",ordersUnknown:"最近订单未知",lastOrder:e=>`${e}下单`,by:{ACCOUNT:"公司账号",COMPANY:"公司",CUSTOMER_ID:"客户编号",EMAIL:"邮箱",EXTERNAL_ID:"其他系统的编号",MEMBER_NUMBER:"会员号",NAME:"姓名",ORDER_ID:"订单标识",ORDER_NUMBER:"订单号",PHONE:"电话",TICKET_ID:"工单标识",TICKET_NUMBER:"工单号"}},viewer:{language:"语言",menu:"菜单:查看者、用途与语言",waiting:"正在等待外层页面说明由谁查看。",purpose:"用途",noPurpose:"未选用途",choosePurpose:"您出于什么用途查看？",purposeWhy:"用途会随每次查询发送，并与查询一起记入审计。",basis:{CONSENT:"客户同意",CONTRACT:"合同",LEGITIMATE_INTEREST:"正当利益",LEGAL_DUTY:"法定义务"},anonymous:"此处无需登录",signIn:"登录",signInWhy:"页面只向已知身份的人显示客户。您的密钥只使用一次，换取八小时的会话，不会保存在任何地方。",key:"密钥",refused:"此密钥无效或已失效。",noSession:"此处不能用密钥登录。请通过公司的登录入口打开本页。",signOut:"退出"},customer:{title:"客户",since:e=>`${e}起为客户`,localTime:e=>`当地 ${e}`,speaks:e=>`语言：${e}`,kind:{PERSON:"个人",COMPANY:"公司",UNKNOWN:""},role:{DECISION_MAKER:"决策人",BUYER:"采购",USER:"使用者",BILLING:"财务",TECHNICAL:"技术",OTHER:"其他角色",UNKNOWN:""},worksAt:(e,t)=>e?`${t}，${e}`:t,unnamed:"没有姓名",call:"拨打",write:"写邮件",copy:"复制",copied:"已复制",more:e=>`还有 ${e} 项`,less:"收起",zone:e=>`所有时间均为您的时区：${e}。`,pinned:e=>`网关的时钟停在 ${e}：数字以该时刻为准。`,asQuery:"查看本页的查询",openAt:e=>`在 ${e} 中打开（新标签页）`,openEditor:"打开编辑器",close:"关闭",actsFor:"客户编号为"},state:{broken:"此部分无法显示，其余部分不受影响。",loading:"正在加载",asOf:e=>`截至 ${e}`,askedNow:"刚刚查询",mayBeMore:"可能还有更多：部分内容无法读取。",withheld:"您的用途不可见",unavailable:(e,t)=>`无法查询 ${e}：${t}。`,missing:e=>`缺少 ${e} 的内容：无法查询。`,askAgain:"重新查询",asking:"正在查询…",askedLately:e=>`${e} 秒后可重试`,atLeast:e=>`至少 ${e}`,noSource:"没有提供此内容的来源。",notAsked:"没有查找：没有来源能凭已知的客户信息找到这些内容。",reason:{SOURCE_TIMEOUT:"未及时答复",SOURCE_UNAVAILABLE:"无法连接",SOURCE_THROTTLED:"要求减少请求",SOURCE_AUTH:"拒绝网关访问",SOURCE_PROTOCOL:"答复无法读取",GATEWAY_BUSY:"网关繁忙",OFFLINE:"无法连接网关"},otherReason:e=>`出错（${e}）`,refused:e=>`网关没有回答：${e}。`},sources:{title:"来源",allWell:e=>`${e} 个来源，刚刚查询`,others:e=>`其余 ${e} 个，刚刚查询`,asking:"正在查询各来源…",unavailable:"无法连接",refused:"部分内容没有得到回答",dropped:e=>`略去 ${e} 条记录`},tickets:{title:"未结工单",none:(e,t)=>`${e} 中没有未结工单，${t}。`,ever:e=>`共 ${e} 个工单`,newest:(e,t)=>`共 ${t} 个，仅显示最新 ${e} 个。`,noSubject:"无主题",priority:{LOW:"低",NORMAL:"普通",HIGH:"高",URGENT:"紧急",UNKNOWN:""},status:{NEW:"新建",OPEN:"处理中",PENDING:"等待客户",ON_HOLD:"搁置",SOLVED:"已解决",CLOSED:"已关闭",UNKNOWN:"状态未知"},author:{CUSTOMER:"客户",AGENT:"客服",SYSTEM:"系统",UNKNOWN:"某人"},opened:e=>`${e}提出`},orders:{title:"最近订单",none:(e,t)=>`${e} 中没有订单，${t}。`,status:{PENDING:"已下单",CONFIRMED:"已确认",PROCESSING:"备货中",SHIPPED:"运送中",DELIVERED:"已送达",CANCELLED:"已取消",RETURNED:"已退货",UNKNOWN:"状态未知"},order:e=>`订单 ${e}`,refunded:e=>`已退 ${e}`,pieces:"商品"},spend:{title:"消费",orders:e=>`${e} 个订单`,oneOrder:"1 个订单",since:e=>`自 ${e}`,sinceOrBefore:e=>`自 ${e} 或更早`,refunded:e=>`已退 ${e}`,none:"还没有购买。"},expected:{title:"接下来的预期",renewal:e=>`${e} 续订`,end:e=>`${e} 到期`},months:{title:"每月订单",orders:"最近十二个月的订单",atLeast:"最近十二个月至少有这些订单",month:"月份"},subscriptions:{title:"订阅",renews:e=>`${e}续订`,ends:e=>`${e}结束`,cancelled:e=>`${e}取消`,plan:"订阅",status:{TRIAL:"试用",ACTIVE:"有效",PAST_DUE:"待付款",PAUSED:"暂停",CANCELLED:"已取消",ENDED:"已结束",UNKNOWN:""},every:{DAY:"每天",WEEK:"每周",MONTH:"每月",YEAR:"每年",UNKNOWN:""}},timeline:{title:"时间线",all:"全部",only:{ORDER:"订单",TICKET:"工单",EVENT:"行为",DEAL:"商机",SUBSCRIPTION:"订阅",SURVEY:"调查"},none:(e,t)=>`${e} 中没有记录，${t}。`,more:"显示更多",end:"从这里开始。",today:"今天",yesterday:"昨天",events:e=>`${e} 个行为`,stage:{OPEN:"进行中",WON:"赢单",LOST:"输单",UNKNOWN:""},deal:"商机",survey:{NPS:"推荐意愿",CSAT:"满意度",CES:"省力程度",REVIEW:"评价",UNKNOWN:"调查"},outOf:(e,t)=>`${e}（满分 ${t}）`,details:"详情"},contacts:{title:"联系方式",none:"没有已知的邮箱或电话。",primary:"首选",address:"地址",noAddress:"没有已知的地址。",account:"公司",noAccount:"没有已知的所属公司。",member:"会员号",born:"出生日期",prefers:"首选渠道",people:e=>`${e} 人`,consents:"授权",channel:{EMAIL:"邮件",PHONE:"电话",SMS:"短信",PUSH:"推送",POST:"信件",CHAT:"聊天",WEB:"网页",SOCIAL:"社交媒体",STORE:"门店",REVIEW:"评价",UNKNOWN:"其他"},consent:{GRANTED:"同意",DENIED:"拒绝",WITHDRAWN:"已撤回",UNKNOWN:"未询问"},completeness:"档案",known:e=>`已知 ${e}`,missing:e=>`缺少：${e}`,more:"更多信息"},records:{title:"认识此客户的系统",incomplete:"可能还有其他记录：有来源无法查询。",differ:"数值出自哪里",says:(e,t)=>`${e}：${t}`},tags:{title:"标签",none:"没有标签描述此客户。",partial:"不完整",stale:"正在更新",why:"原因",computed:e=>`计算于 ${e}`,seen:"规则看到的事实",whyNot:"为什么不是其他值",unknown:"未知",yes:"是",no:"否",category:{LIFECYCLE:"生命周期",BEHAVIOUR:"行为",VALUE:"价值",PREFERENCE:"偏好",SATISFACTION:"满意度",SERVICE:"服务",ACQUISITION:"获客"}},lost:{title:"没有人使用此编号",tried:"已按所有可能的键查找：客户、订单或工单的标识，号码，以及其他系统的编号。",unsure:"没有找到，但并非所有内容都能查询",erased:"此客户已被删除",erasedSo:"不再显示此人的任何内容。",hidden:"您的用途不可查看此客户",hiddenSo:"如有其他用途，请在上方选择。",forbidden:"您不能按编号打开客户",forbiddenSo:"网关的设置规定了您可以使用的键，其中没有 customer_id。",ambiguous:"是哪一位？",ambiguousSo:"多位客户使用此键，请打开其中一位。",failed:"无法查询此客户",search:"查找其他客户"},failure:{offline:"无法连接网关。",other:e=>`网关拒绝了此请求（${e}）。`,askAgain:"重新查询"}};var jn={en:qn,zh:Yn},Qt=Object.keys(jn),Xn="gateway.language";function is(){let e=Oe(Xn);for(let t of[e??"",...navigator.languages]){let r=t.split("-")[0];if(Qt.includes(r))return r}return"en"}var W=is(),V=navigator.languages.find(e=>e.split("-")[0]===W)??W,l=jn[W];function Zn(e){De(Xn,e),location.reload()}var Gt=null,it=null;function Yt(e){Gt=e}function Jn(e){it=e}var qt="gateway:signed-out";function er(e){return addEventListener(qt,e),()=>removeEventListener(qt,e)}var ls=3,us=5;async function cs(e){for(let t=1;;t++){let r=await fetch("/graphql",e),s=Number(r.headers.get("retry-after")??NaN);if(r.status!==503||t===ls||!(s<=us))return r;await new Promise(o=>setTimeout(o,s*1e3))}}async function B(e,t,{signal:r,anew:s=!1}={}){let o={"content-type":"application/json",accept:"application/json","x-csrf":"1"};Gt!==null&&(o["x-purpose"]=Gt),s&&(o["cache-control"]="no-cache"),it!==null&&(o.authorization=`Bearer ${it}`);let a;try{a=await cs({method:"POST",headers:o,body:JSON.stringify({query:String(e),variables:t}),credentials:it===null?"same-origin":"omit",...r?{signal:r}:{}})}catch(i){if(r?.aborted)throw i;return{data:null,failures:[zt("OFFLINE")]}}a.status===401&&dispatchEvent(new Event(qt));try{let i=await a.json();return!i.errors&&!("data"in i)?{data:null,failures:[zt(i.code??`HTTP_${a.status}`)]}:{data:i.data??null,failures:(i.errors??[]).map(u=>ds(u,String(e)))}}catch(i){if(r?.aborted)throw i;return{data:null,failures:[zt(a.status===401?"UNAUTHENTICATED":`HTTP_${a.status}`)]}}}function ds(e,t){let r=e.extensions??{},[s]=e.locations??[],o=s?t.split(`
`)[s.line-1]?.slice(s.column-1):void 0;return{code:r.code??"UNKNOWN",message:e.message,path:e.path??[],field:o?.match(/^\w+/)?.[0]??null,source:r.source??null,candidates:r.candidates??[],missingSources:r.missingSources??[],requestId:r.requestId??null}}function zt(e){return{code:e,message:"",path:[],field:null,source:null,candidates:[],missingSources:[],requestId:null}}function lt(e,t){let[r,s]=h(null),[o,a]=h(!0),i=H(null),u=JSON.stringify(t),c=Re(async p=>{i.current?.abort();let f=new AbortController;i.current=f,a(!0);try{let{data:g,failures:m}=await B(e,t,{signal:f.signal,anew:p});s({of:u,data:g,failures:m}),a(!1)}catch(g){if(!f.signal.aborted)throw g}},[e,u]);v(()=>(c(!1),()=>i.current?.abort()),[c]);let d=Re(()=>{c(!0)},[c]);return{answer:r&&{...r,isPresent:r.of===u},asking:o,ask:d}}function ce(e,t){let{answer:r,asking:s,ask:o}=lt(e,t),a=r?.isPresent?r:null,i=a?.data?.customer??null;return{loading:a===null,asking:s,customer:i,failures:a?.failures??[],sources:i?.sources??[],ask:o}}var ps=e=>e.filter(t=>typeof t=="string").join(".");function Te(e,t){let r=`customer.${t}.`;return e.find(({path:s})=>s.length>0&&r.startsWith(`${ps(s)}.`))??null}function ut({loading:e,customer:t,failures:r}){return e||t!==null?null:r[0]??null}function ct(e,t){return e.some(r=>ee(r)&&(r.field===t||r.path.includes(t)))}function ee(e){return e!==null&&(e.code.startsWith("WITHHELD")||e.code==="FORBIDDEN")}function Qe(e,t){return e.flatMap(({name:r,records:s})=>r!==null&&s.includes(t)?[r]:[])}function dt(e,t=null){return e.flatMap(({state:s,asOf:o,records:a})=>s==="STALE"&&o!==null&&(t===null||a.some(i=>t.includes(i)))?[o]:[]).sort()[0]??null}var ms=864e5,jt=new Intl.RelativeTimeFormat(V,{numeric:"auto"}),tr=new Intl.RelativeTimeFormat(V,{numeric:"always"}),rr=new Intl.DateTimeFormat(V,{year:"numeric",month:"short",day:"numeric"}),gs=new Intl.DateTimeFormat(V,{month:"short",day:"numeric"}),fs=new Intl.DateTimeFormat(V,{weekday:"long",month:"long",day:"numeric",year:"numeric"}),hs=new Intl.DateTimeFormat(V,{year:"2-digit",month:"short"}),ys=new Intl.DateTimeFormat(V,{hour:"2-digit",minute:"2-digit"}),bs=new Intl.DateTimeFormat(V,{dateStyle:"medium",timeStyle:"short"}),or=null;function sr(e){or=e}var pt=()=>new Date(or??Date.now()),ar=Intl.DateTimeFormat().resolvedOptions().timeZone,Q=e=>ze(rr,e),Xt=e=>ze(fs,e),de=e=>ze(ys,e),M=e=>ze(bs,e),ir=e=>hs.format(e);function ze(e,t){let r=new Date(t);return Number.isNaN(r.getTime())?t:e.format(r)}function mt(e,t){return ze(new Date(e).getFullYear()===t.getFullYear()?gs:rr,e)}function Ge(e){return new Date(e).toDateString()===new Date().toDateString()?de(e):M(e)}var xs=6e4,lr=36e5,_s=6*lr,nr=e=>Date.UTC(e.getFullYear(),e.getMonth(),e.getDate())/ms;function ye(e,t){let r=new Date(e),s=r.getTime()-t.getTime();if(Number.isNaN(s))return e;let o=nr(r)-nr(t);if(o===0||Math.abs(s)<_s){let i=Math.round(s/lr);return i===0?jt.format(Math.round(s/xs),"minute"):jt.format(i,"hour")}let a=Math.abs(o);return a<45?jt.format(o,"day"):a<550?tr.format(Math.round(o/30.4),"month"):tr.format(Math.round(o/365.25),"year")}var $=class extends String{__apiType;value;__meta__;constructor(t,r){super(t),this.value=t,this.__meta__=r}toString(){return this.value}};var Ie=new $(`
    query Behaviour($id: ID!, $records: [RecordType!], $after: String) {
  customer(by: {id: $id}) {
    id
    timeline(first: 50, records: $records, after: $after) {
      unavailable
      partial
      sources {
        ...SourceLine
      }
      pageInfo {
        hasNextPage
        endCursor
      }
      nodes {
        __typename
        ... on Order {
          id
          source
          number
          placedAt
          orderStatus: status
          total {
            amount
            currency
          }
          items {
            name
            quantity
            unitPrice {
              amount
              currency
            }
          }
        }
        ... on Ticket {
          id
          source
          number
          subject
          createdAt
          ticketStatus: status
          priority
          messages {
            author
            body
            at
          }
        }
        ... on Event {
          id
          source
          at
          type
          page
          feature
        }
        ... on Deal {
          id
          source
          name
          stage
          stageName
          createdAt
          closedAt
          amount {
            amount
            currency
          }
        }
        ... on CustomerSubscription {
          id
          source
          plan
          startedAt
          subscriptionStatus: status
          amount {
            amount
            currency
          }
        }
        ... on Survey {
          id
          source
          at
          surveyKind: kind
          score
          scale
          comment
        }
      }
    }
    sources {
      ...SourceLine
    }
  }
}
    fragment SourceLine on CustomerSource {
  name
  state
  asOf
  errorCode
  records
  droppedRecords
}`),ur=new $(`
    query Candidates($ids: [ID!]!) {
  customers(ids: $ids) {
    id
    name
    source
    email
    address {
      city
      country
    }
    company {
      name
    }
  }
}
    `),gt=new $(`
    query Commerce($id: ID!) {
  customer(by: {id: $id}) {
    id
    orders(first: 3) {
      totalCount
      unavailable
      partial
      sources {
        ...SourceLine
      }
      nodes {
        ...OrderLine
      }
    }
    orderStatistics {
      count
      total {
        amount
        currency
      }
      refunded {
        amount
        currency
      }
      firstAt
      partial
    }
    subscriptions(first: 5) {
      unavailable
      partial
      sources {
        ...SourceLine
      }
      nodes {
        id
        source
        plan
        status
        amount {
          amount
          currency
        }
        interval
        intervalCount
        renewsAt
        cancelledAt
        endsAt
      }
    }
    sources {
      ...SourceLine
    }
  }
}
    fragment OrderLine on Order {
  id
  source
  number
  channel
  status
  placedAt
  deliveredAt
  link
  total {
    amount
    currency
  }
  refunded {
    amount
    currency
  }
  items {
    name
    quantity
    unitPrice {
      amount
      currency
    }
  }
  payments {
    method
  }
}
fragment SourceLine on CustomerSource {
  name
  state
  asOf
  errorCode
  records
  droppedRecords
}`),ft=new $(`
    query Find($text: String!) {
  find(text: $text, first: 8) {
    matches {
      matchedBy
      exact
      customer {
        id
        name
        email
        phone
        memberNumber
        address {
          city
          country
        }
        company {
          name
        }
      }
    }
    unavailable
    notTried {
      source
      how
    }
    tooShort
  }
}
    `),cr=new $(`
    query FoundCards($ids: [ID!]!) {
  customers(ids: $ids) {
    id
    orders(first: 1) {
      unavailable
      partial
      nodes {
        id
        placedAt
        status
      }
    }
    tickets(first: 1, filter: {status: [NEW, OPEN, PENDING, ON_HOLD, UNKNOWN]}) {
      totalCount
      unavailable
      partial
    }
  }
}
    `),dr=new $(`
    query RecentCustomers($ids: [ID!]!) {
  customers(ids: $ids) {
    id
    name
    address {
      city
      country
    }
    company {
      name
    }
  }
}
    `),ht=new $(`
    query Identity($id: ID!) {
  customer(by: {id: $id}) {
    id
    currentId
    source
    sourceId
    kind
    name
    email
    phone
    memberNumber
    birthDate
    locale
    jobTitle
    preferredChannel
    createdAt
    address {
      line
      postalCode
      city
      region
      country
    }
    company {
      name
      industry
      role
      roleName
    }
    contactPoints {
      kind
      value
      primary
    }
    consents {
      channel
      purpose
      state
      at
    }
    account {
      id
      name
      number
      industry
      size
    }
    records {
      source
      sourceId
      asOf
      link
    }
    origins {
      field
      source
      rule
      others {
        source
        value
      }
    }
    identity {
      complete
      reason
    }
    sources {
      ...SourceLine
    }
  }
}
    fragment SourceLine on CustomerSource {
  name
  state
  asOf
  errorCode
  records
  droppedRecords
}`),yt=new $(`
    query Completeness($id: ID!) {
  customer(by: {id: $id}) {
    id
    completeness {
      share
      missing
    }
    sources {
      ...SourceLine
    }
  }
}
    fragment SourceLine on CustomerSource {
  name
  state
  asOf
  errorCode
  records
  droppedRecords
}`),pr=new $(`
    query Months($id: ID!, $since: DateTime!) {
  customer(by: {id: $id}) {
    id
    orders(first: 100, filter: {since: $since}) {
      unavailable
      partial
      pageInfo {
        hasNextPage
      }
      sources {
        ...SourceLine
      }
      nodes {
        id
        source
        placedAt
      }
    }
    sources {
      ...SourceLine
    }
  }
}
    fragment SourceLine on CustomerSource {
  name
  state
  asOf
  errorCode
  records
  droppedRecords
}`),mr=new $(`
    query Segments($language: String) {
  segments {
    key
    label(language: $language)
    description(language: $language)
    words(language: $language)
    owner
    condition
    count
    known
    unknown
    asOf
  }
}
    `),bt=new $(`
    query Service($id: ID!) {
  customer(by: {id: $id}) {
    id
    open: tickets(
      first: 10
      filter: {status: [NEW, OPEN, PENDING, ON_HOLD, UNKNOWN]}
    ) {
      totalCount
      unavailable
      partial
      sources {
        ...SourceLine
      }
      nodes {
        ...TicketLine
      }
    }
    all: tickets(first: 1) {
      totalCount
      unavailable
      partial
      nodes {
        id
        subject
        solvedAt
        createdAt
      }
    }
    sources {
      ...SourceLine
    }
  }
}
    fragment TicketLine on Ticket {
  id
  source
  number
  subject
  kind
  status
  priority
  channel
  createdAt
  link
  messages {
    author
    body
    at
  }
}
fragment SourceLine on CustomerSource {
  name
  state
  asOf
  errorCode
  records
  droppedRecords
}`),gr=new $(`
    query SourceActivity {
  sourceActivity {
    process
    at
    sources {
      source {
        name
        kind
        health
        lookups {
          record
          by
        }
      }
      since
      pausedSeconds
      heldSeconds
      breakerOpenings
      calls
      failed
      outcomes {
        code
        count
      }
      refusedLookups {
        code
        count
      }
      retries
      hedges
      latencyP50Ms
      latencyP95Ms
      recentCalls
      minutes {
        at
        calls
        failed
        latencyP50Ms
        latencyP95Ms
      }
      callsUnderWay
      maxCalls
      waitingKeys
      cacheHits
      cacheMisses
      staleAnswers
      droppedRecords {
        record
        reason
        count
      }
      unreadableValues {
        record
        path
        reason
        count
      }
      callsPerSecond
      callsLeft
      quotaLeft
    }
  }
}
    `),fr=new $(`
    query TagDefinitions($language: String) {
  tagDefinitions {
    key
    label(language: $language)
    description(language: $language)
    words(language: $language)
    category
    owner
    version
    review
    expression
    type
    values
    valueLabels(language: $language) {
      value
      label
    }
    thresholds {
      name
      value
    }
    ttlSeconds
  }
}
    `),xt=new $(`
    query TagReport($days: Int!) {
  tagReport(days: $days) {
    key
    changedAt
    asked
    callers {
      caller
      asked
    }
    sampled
    given
    partial
    failed
    values {
      value
      count
    }
    history {
      at
      version
      fingerprint
    }
    segments
    actions
  }
}
    `),_t=new $(`
    query Tags($id: ID!, $language: String) {
  customer(by: {id: $id}) {
    id
    tags {
      key
      category
      type
      value
      values
      label(language: $language)
      valueLabel(language: $language)
      reason
      freshness
      partial
      computedAt
    }
    sources {
      ...SourceLine
    }
  }
}
    fragment SourceLine on CustomerSource {
  name
  state
  asOf
  errorCode
  records
  droppedRecords
}`),hr=new $(`
    query WhyTag($id: ID!, $key: String!, $language: String) {
  customer(by: {id: $id}) {
    id
    tag(key: $key) {
      key
      computedAt
      rule {
        version
        words
      }
      evidence {
        name
        label(language: $language)
        value
        missing
        partial
        sources
        window {
          since
          until
        }
      }
      whyNot {
        value
        words
      }
    }
  }
}
    `),Zt=new $(`
    query Viewer {
  viewer {
    caller
    user
    purposes {
      key
      basis
    }
    needsPurpose
    purpose
    finds
    operates
    governs
    pinnedClock
    layout
  }
}
    `);var yr=8,br=e=>`gateway.recent:${e}`;function qe(e){try{let t=JSON.parse(Oe(br(e))??"[]");return Array.isArray(t)?t.filter(r=>typeof r=="string").slice(0,yr):[]}catch{return[]}}function xr(e,t){_r(e,[t,...qe(e).filter(r=>r!==t)].slice(0,yr))}function Le(e,t){_r(e,qe(e).filter(r=>!t.includes(r)))}function _r(e,t){De(br(e),t.length===0?null:JSON.stringify(t))}function q({amount:e,currency:t}){let r=`${e} ${t}`,s=e.match(/^-?\d+(?:\.(\d*?)0*)?$/);if(!s)return r;try{let o=new Intl.NumberFormat(V,{style:"currency",currency:t}),a=s[1]?.length??0;return(a<=(o.resolvedOptions().maximumFractionDigits??0)?o:new Intl.NumberFormat(V,{style:"currency",currency:t,minimumFractionDigits:a})).format(e)}catch{return r}}var S=e=>new Intl.NumberFormat(V).format(e),pe=e=>new Intl.NumberFormat(V,{style:"percent"}).format(e),vs=new Intl.DisplayNames(V,{type:"region",fallback:"code"}),ws=new Intl.DisplayNames(V,{type:"language",fallback:"code"});function vr(e){try{return vs.of(e)??e}catch{return e}}function wr(e){try{return ws.of(e.split(/[-_]/)[0])??e}catch{return e}}function L(e){let t=e.replace(/_+/g," ").replace(/(?<=\p{L})-(?=\p{L})/gu," ").trim();return/\p{Ll}\p{Lu}/u.test(t)?t.replace(/([\p{Ll}\d])(\p{Lu})/gu,"$1 $2").toLowerCase():/^[\p{Lu}\d ]+$/u.test(t)&&t.length>3?t.toLowerCase():t}function be(e){return e.charAt(0).toLocaleUpperCase(V)+e.slice(1)}function Z(e){return e==null?"":typeof e=="number"?S(e):Array.isArray(e)?e.map(Z).join(", "):typeof e=="object"?Object.values(e).filter(t=>t!==null).map(Z).join(", "):String(e)}function kr(e,t){if(!/^[A-Z]{2}$/.test(e))return null;let r=new Intl.Locale("und",{region:e}),s=r.getTimeZones?.()??r.timeZones??[],o=new Set(s.map(a=>new Intl.DateTimeFormat(V,{hour:"2-digit",minute:"2-digit",timeZone:a}).format(t)));return o.size===1?[...o][0]:null}function Er(e){let t=[...e.matchAll(/[\p{L}\p{N}]+/gu)].map(([r])=>[...r][0]);return t.length===0?"?":t.length===1?t[0]:(t[0]+t.at(-1)).toUpperCase()}var ks=Symbol.for("pv"),Es=0;function n(e,t,r,s,o,a){t||(t={});var i,u,c=t;if("ref"in c&&typeof e!="function")for(u in c={},t)u=="ref"?i=t[u]:c[u]=t[u];var d={type:e,props:c,key:r,ref:i,__k:null,__:null,__b:0,__e:null,__c:null,constructor:ks,__v:--Es,__i:-1,__u:0};return(o||a)&&(d.__source=o,d.__self=a),O.vnode&&O.vnode(d),d}var Ss={mail:"M3 5.5h14v9H3zM3.5 6l6.5 5 6.5-5",phone:"M5 3.5h2.5l1.2 3.2-1.6 1.2a9.5 9.5 0 0 0 5 5l1.2-1.6 3.2 1.2V15a1.6 1.6 0 0 1-1.7 1.6A12.6 12.6 0 0 1 3.4 5.2 1.6 1.6 0 0 1 5 3.5z",copy:"M7 7h9v9H7zM13 7V4H4v9h3",lock:"M5 9.5h10v7H5zM7 9.5V7a3 3 0 0 1 6 0v2.5",order:"M4 6.5h12l-1 9H5zM7.5 6.5V6a2.5 2.5 0 0 1 5 0v.5",ticket:"M4 4.5h12v8H9l-3.5 3v-3H4z",event:"M10 6v4l2.8 1.8M10 17a7 7 0 1 1 0-14 7 7 0 0 1 0 14z",deal:"M4 15V9m4 6V5m4 10v-4m4 4V7",subscription:"M15.5 8A6 6 0 0 0 4.6 7.2M4.5 4v3.4h3.4M4.5 12a6 6 0 0 0 10.9.8m.1 3.2v-3.4h-3.4",survey:"m10 3.5 2 4.2 4.5.6-3.3 3.1.8 4.6-4-2.2-4 2.2.8-4.6L3.500 8.300l4.500-.6z",yes:"m5 10.5 3.5 3.500L15.500 6.500",no:"m6 6 8 8m0-8-8 8",unknown:"M6 10h8",link:"M8 5H5v10h10v-3M11 4h5v5M16 4l-7 7"};function z({name:e}){return n("svg",{class:"icon",viewBox:"0 0 20 20","aria-hidden":"true",children:n("path",{d:Ss[e]})})}var Ts=1e4,vt="gateway:rest",Jt=new Map;function Sr(e){for(let t of e)Jt.set(t,Date.now()+Ts);dispatchEvent(new Event(vt))}function Tr(){Jt.clear(),dispatchEvent(new Event(vt))}function Nr(e){let[,t]=h(0),r=Math.max(0,...e.map(s=>Math.ceil(((Jt.get(s)??0)-Date.now())/1e3)));return v(()=>{let s=()=>t(Date.now());addEventListener(vt,s);let o=r>0?setInterval(s,1e3):void 0;return()=>{removeEventListener(vt,s),clearInterval(o)}},[r>0]),r}function P({name:e,title:t,region:r,field:s,lines:o,records:a=[],aside:i,top:u,children:c}){let d=r.loading?null:ut(r)??Te(r.failures,s),p=o?dt(o):dt(r.sources,a);return n("section",{class:`box box-${e}`,"data-region":e,"aria-labelledby":`box-${e}`,"aria-busy":r.loading,children:[n("header",{children:[n("h2",{id:`box-${e}`,children:t}),p!==null&&n(Ns,{since:p}),!r.loading&&d===null&&i]}),u,r.loading?n(Ne,{}):ee(d)?n(te,{}):d!==null?n(en,{source:d.source,code:d.code,region:r}):c]})}function Ne(){return n("div",{class:"loading",role:"status",children:[n("span",{class:"unseen",children:l.state.loading}),n("i",{}),n("i",{}),n("i",{})]})}function te(){return n("span",{class:"withheld","data-state":"withheld",children:[n(z,{name:"lock"}),l.state.withheld]})}function Ns({since:e}){return n("span",{class:"stale","data-state":"stale",children:l.state.asOf(Ge(e))})}function G({children:e}){return n("p",{class:"none","data-state":"none",children:e})}function xe(e){return l.state.reason[e]??l.state.otherReason(e)}function en({source:e,code:t,region:r}){return n("div",{class:"unavailable","data-state":"unavailable",role:"status",children:[n("p",{children:e===null?l.state.refused(xe(t)):l.state.unavailable(e,xe(t))}),n($e,{region:r,...e===null?{}:{sources:[e]}})]})}function ne(e){return e!==null&&e.unavailable.length===0&&!e.partial}function Me(e){let t=dt(e);return t===null?l.state.askedNow:l.state.asOf(Ge(t))}function Ye({sources:e,records:t}){let r=e.some(({state:s,records:o})=>s==="NOT_CONFIGURED"&&o.includes(t));return n("p",{class:"none","data-state":r?"none":"not-asked",children:r?l.state.noSource:l.state.notAsked})}function me({list:e,region:t}){if(e===null)return null;let r=e.unavailable;if(r.length===0)return e.partial?n("p",{class:"soft small","data-state":"incomplete",children:l.state.mayBeMore}):null;let s=t.sources.find(({name:o,errorCode:a})=>o===r[0]&&a!==null);return n("div",{class:"unavailable","data-state":"unavailable",role:"status",children:[n("p",{children:r.length===1&&s?l.state.unavailable(r[0],xe(s.errorCode)):l.state.missing(r.join(", "))}),n($e,{region:t,sources:r})]})}var Cs=[""];function $e({region:e,sources:t=Cs}){let r=Nr(t),s=()=>{Sr(t),e.ask()};return n("button",{type:"button",class:"again",disabled:e.asking||r>0,onClick:s,children:e.asking?l.state.asking:r>0?l.state.askedLately(r):l.state.askAgain})}function Ar({identity:e}){let{customer:t}=e,r=t===null?[]:As(t);return n(P,{name:"contacts",title:l.contacts.title,region:e,field:"contactPoints",records:["CUSTOMER"],children:[r.length===0&&n(G,{children:[l.contacts.none,Rr(t)]}),n("ul",{class:"contacts",children:r.map(s=>n(Os,{...s},s.value))})]})}var Rr=e=>e?.identity.complete===!1?` ${l.records.incomplete}`:"";function As({contactPoints:e,email:t,phone:r}){let s=[...t!==null?[{kind:"EMAIL",value:t,primary:!0}]:[],...r!==null?[{kind:"PHONE",value:r,primary:!0}]:[]],o=(e??[]).filter(({value:a})=>!s.some(i=>i.value===a));return[...s,...o].sort((a,i)=>Number(i.primary)-Number(a.primary))}var tn=e=>/^\+?[\d\s()./-]{3,}$/.test(e),Rs=e=>e.includes("@")&&!e.includes("*");function Os({kind:e,value:t,primary:r}){let s=e==="PHONE";return(s?tn(t):e==="EMAIL"&&Rs(t))?n("li",{class:r?"contact":"contact secondary",children:[n(z,{name:s?"phone":"mail"}),n("a",{href:`${s?"tel":"mailto"}:${t}`,title:s?l.customer.call:l.customer.write,children:s?t:t.split("@").map((a,i)=>i===0?a:n(k,{children:["@",n("wbr",{}),a]}))}),n(nn,{value:t})]}):n("li",{class:r?"contact":"contact secondary",children:[n(z,{name:s?"phone":"mail"}),n("span",{children:t})]})}function nn({value:e,name:t=e}){let[r,s]=h(!1);if(!navigator.clipboard)return null;let o=async()=>{try{await navigator.clipboard.writeText(e),s(!0),setTimeout(()=>s(!1),1500)}catch{}};return n("button",{type:"button",class:"copy","aria-label":`${l.customer.copy}: ${t}`,title:l.customer.copy,onClick:o,children:[n(z,{name:r?"yes":"copy"}),n("span",{class:"unseen",role:"status",children:r?l.customer.copied:""})]})}function Or({identity:e}){let t=e.customer?.address??null,r=t===null?[]:[t.line,[t.postalCode,t.city].filter(Boolean).join(" "),[t.region,t.country&&vr(t.country)].filter(Boolean).join(", ")].filter(Boolean);return n(P,{name:"address",title:l.contacts.address,region:e,field:"address",records:["CUSTOMER"],children:[t===null&&n(G,{children:[l.contacts.noAddress,Rr(e.customer)]}),n("address",{children:r.map(s=>n("span",{children:s},s))})]})}function Dr({identity:e}){let t=e.customer?.account??null;return n(P,{name:"account",title:l.contacts.account,region:e,field:"account",records:["ACCOUNT"],children:[t===null&&n(G,{children:l.contacts.noAccount}),t!==null&&n("p",{children:n("strong",{children:t.name})}),n("p",{class:"facts soft",children:[t?.industry&&n("span",{children:L(t.industry)}),t?.size!=null&&n("span",{children:l.contacts.people(t.size)}),t?.number&&n("span",{children:t.number})]})]})}function Ds(e){return e===null||e==="UNKNOWN"?null:l.contacts.channel[e]}var Cr=3;function Is(e){let t=e.length-Cr;return[...e.slice(0,Cr).map(L),...t>0?[l.customer.more(t)]:[]].join(", ")}function Ir({identity:e,completeness:t,own:r}){let{customer:s,failures:o}=e,a=s===null?[]:[["memberNumber",l.contacts.member,s.memberNumber],["birthDate",l.contacts.born,s.birthDate&&Q(s.birthDate.length===10?`${s.birthDate}T12:00:00`:s.birthDate)],["preferredChannel",l.contacts.prefers,Ds(s.preferredChannel)],...r.map(([c,d])=>[c,c,d])],{share:i=null,missing:u=[]}=t.customer?.completeness??{};return n(P,{name:"profile",title:l.contacts.completeness,region:e,field:"id",records:["CUSTOMER"],children:[n("dl",{class:"pairs",children:a.map(([c,d,p])=>{let f=p===null&&ee(Te(o,c));return p===null&&!f?null:n("div",{children:[n("dt",{children:d}),n("dd",{children:f?n(te,{}):p})]},c)})}),i!==null&&n(k,{children:[n("meter",{min:0,max:1,value:i,"aria-label":l.contacts.completeness}),n("p",{class:"soft small",children:[l.contacts.known(pe(i)),u.length>0&&`; ${l.contacts.missing(Is(u))}`]})]})]})}function Lr({id:e}){let t=H(null),[r,s]=h(!1),o=[ht,yt,bt,gt,Ie,_t].map(u=>String(u).trim()).join(`

`),a=JSON.stringify({id:e,language:W});return n(k,{children:[n("button",{type:"button",class:"quiet",onClick:async()=>{t.current?.showModal();let u=await fetch("/graphql",{headers:{accept:"text/html"},cache:"no-store"}).catch(()=>null);s(u?.headers.get("content-type")?.startsWith("text/html")??!1)},children:l.customer.asQuery}),n("dialog",{ref:t,class:"as-query","aria-label":l.customer.asQuery,children:[n("header",{children:[n("h2",{children:l.customer.asQuery}),n(nn,{value:o,name:l.customer.asQuery}),r&&n("a",{href:"/graphql",children:l.customer.openEditor}),n("button",{type:"button",class:"quiet",onClick:()=>t.current?.close(),children:l.customer.close})]}),n("p",{class:"soft",children:[l.customer.actsFor," ",n("code",{children:e})]}),n("pre",{tabIndex:0,children:`# ${a}
${o}`})]})]})}function Mr({tags:e,commerce:t,now:r}){let s=(e.customer?.tags??[]).flatMap(({key:o,type:a,value:i,label:u,partial:c})=>a==="DATE"&&i!==null?[{key:o,words:u,day:i,partial:c}]:[]);for(let{id:o,plan:a,renewsAt:i,endsAt:u}of t.customer?.subscriptions?.nodes??[]){let c=a??l.subscriptions.plan,d=u??i;d!==null&&new Date(d)>=r&&s.push({key:o,words:u===null?l.expected.renewal(c):l.expected.end(c),day:d,partial:!1})}return!e.loading&&s.length===0?null:(s.sort((o,a)=>o.day.localeCompare(a.day)),n(P,{name:"expected",title:l.expected.title,region:e,field:"tags",children:n("ul",{class:"rows",children:s.map(({key:o,words:a,day:i,partial:u})=>n("li",{children:[n("span",{children:[a,u&&n("span",{class:"soft",children:[" (",l.tags.partial,")"]})]}),n("span",{class:"soft",children:[Q(i),", ",ye(i,r)]})]},o))})}))}var Ls=["SERVICE","LIFECYCLE","VALUE","SATISFACTION","BEHAVIOUR","PREFERENCE","ACQUISITION"],Ms=["LIFECYCLE","VALUE","BEHAVIOUR"];function $r(e,t){return t.length>0?t.flatMap(r=>e.find(s=>s.key===r)??[]).slice(0,3):Ms.flatMap(r=>{let s=e.filter(o=>o.category===r&&o.type==="ENUM");return s.find(({value:o})=>o!==null)??s[0]??[]})}function Pr(e){return e.value===null?l.tags.unknown:e.type==="DATE"?Q(e.value):e.type==="LIST"?(e.values??[]).map(L).join(", "):e.type==="BOOLEAN"?e.value==="true"?l.tags.yes:l.tags.no:e.value==="YES"?l.tags.yes:e.value==="NO"?l.tags.no:e.valueLabel!==null&&e.valueLabel!==e.value?e.valueLabel:e.type==="ENUM"?L(e.value).toLowerCase():L(e.value)}function Ur({tag:e}){let t=()=>ue({tag:e.key});return n("button",{type:"button",class:e.partial?"chip partial":"chip","data-state":e.partial?"partial":void 0,onClick:t,children:[e.label,": ",n("b",{children:Pr(e)}),e.partial&&n("span",{class:"soft",children:[" (",l.tags.partial,")"]})]})}function Fr({id:e,tags:t}){let r=t.customer?.tags??[],s=X().get("tag");return v(()=>{s!==null&&document.getElementById(`tag-${s}`)?.scrollIntoView({block:"nearest"})},[s,t.loading]),n(P,{name:"tags",title:l.tags.title,region:t,field:"tags",children:[r.length===0&&n(G,{children:l.tags.none}),Ls.map(o=>{let a=r.filter(i=>i.category===o);return a.length===0?null:n("div",{class:"tag-group",children:[n("h3",{children:l.tags.category[o]}),n("ul",{children:a.map(i=>n("li",{id:`tag-${i.key}`,children:[n("button",{type:"button",class:i.partial?"tag partial":"tag","data-state":i.partial?"partial":void 0,"aria-expanded":s===i.key,onClick:()=>ue({tag:s===i.key?"":i.key}),children:[n("span",{children:i.label}),n("b",{children:[Pr(i),i.partial&&n("span",{class:"soft",children:[" (",l.tags.partial,")"]})]})]}),s===i.key&&n($s,{id:e,name:i.key})]},i.key))})]},o)})]})}function $s({id:e,name:t}){let[r,s]=h(null);if(v(()=>{let c=new AbortController;return B(hr,{id:e,key:t,language:W},{signal:c.signal}).then(({data:d,failures:p})=>s({why:d?.customer?.tag??null,code:p[0]?.code??null}),()=>{}),()=>c.abort()},[e,t]),r===null)return n(Ne,{});if(r.why===null)return r.code===null?n("p",{class:"none",children:l.tags.unknown}):n("p",{class:"unavailable",role:"alert",children:r.code==="OFFLINE"?l.failure.offline:l.failure.other(r.code)});let{rule:o,evidence:a,whyNot:i,computedAt:u}=r.why;return n("div",{class:"why",children:[n("p",{children:o.words}),n("h4",{children:l.tags.seen}),n("dl",{children:a.map(c=>n("div",{children:[n("dt",{children:be(c.label)}),n("dd",{children:[c.missing!==null?xe(c.missing):Ps(c.value),c.partial&&` (${l.tags.partial})`]})]},c.name))}),i.length>0&&n(k,{children:[n("h4",{children:l.tags.whyNot}),n("ul",{class:"why-not",children:i.map((c,d)=>n("li",{children:[c.value!==null&&n("b",{children:L(c.value)})," ",c.words]},d))})]}),n("p",{class:"soft small",children:l.tags.computed(M(u))})]})}function Ps(e){return e===null?l.tags.unknown:typeof e=="string"&&/^\d{4}-\d\d-\d\dT/.test(e)?M(e):typeof e=="boolean"?e?l.tags.yes:l.tags.no:Z(e)}function Br({identity:e,tags:t,chosen:r,now:s}){let{customer:o,failures:a}=e;if(o===null)return n("header",{class:"who-is loading","aria-busy":"true",children:[n("i",{class:"portrait"}),n("div",{class:"who-words",children:[n("i",{}),n("i",{})]}),n("div",{class:"who-more"}),n("b",{class:"call"})]});let i=o.name!==null,u=t.customer?.tags??[],c=$r(u,r);return n("header",{class:"who-is","data-region":"header",children:[n("span",{class:"portrait","aria-hidden":"true",children:i?Er(o.name):"·"}),n("div",{class:"who-words",children:[n("h1",{children:i?o.name:ee(Te(a,"name"))?n(te,{}):l.customer.unnamed}),n("p",{class:"facts",children:Us(o).map(d=>n("span",{children:d},d))}),n("p",{class:"facts soft",children:Fs(o,s).map(d=>n("span",{children:d},d))})]}),n("div",{class:"who-more",children:[n("ul",{class:"chips","aria-label":l.tags.title,children:[c.map(d=>n("li",{children:n(Ur,{tag:d})},d.key)),u.length>c.length&&n("li",{class:"chip-more",children:["+",u.length-c.length]})]}),n(Bs,{consents:o.consents,withheld:ee(Te(a,"consents"))})]}),o.phone!==null&&tn(o.phone)&&n("a",{class:"call primary",href:`tel:${o.phone}`,children:[n(z,{name:"phone"}),l.customer.call]})]})}function Us({kind:e,company:t,jobTitle:r,account:s}){let o=t?.name??s?.name??null,a=r??t?.roleName??(t?.role?l.customer.role[t.role]:""),i=o!==null?l.customer.worksAt(a??"",o):a??"";return[e==="COMPANY"||i===""?l.customer.kind[e??"UNKNOWN"]:"",i].filter(u=>u!=="")}function Fs({createdAt:e,address:t,locale:r},s){let o=t?.country?kr(t.country,s):null;return[e!==null?l.customer.since(Q(e)):"",t?.city??"",o!==null?l.customer.localTime(o):"",r!==null?l.customer.speaks(wr(r)):""].filter(a=>a!=="")}var Wr=4,Ws={GRANTED:"yes",DENIED:"no",WITHDRAWN:"no",UNKNOWN:"unknown"};function Bs({consents:e,withheld:t}){let[r,s]=h(!1);if(t)return n(te,{});if(e===null||e.length===0)return null;let o=e.length-Wr;return n("ul",{class:"consents","aria-label":l.contacts.consents,children:[(r?e:e.slice(0,Wr)).map(({channel:a,purpose:i,state:u})=>n("li",{class:`consent ${u.toLowerCase()}`,children:[n(z,{name:Ws[u]??"unknown"}),[l.contacts.channel[a],i].filter(Boolean).join(" · "),": ",l.contacts.consent[u]]},`${a}${i}`)),o>0&&n("li",{children:n("button",{type:"button",class:"quiet","aria-expanded":r,onClick:()=>s(!r),children:r?l.customer.less:l.customer.more(o)})})]})}var Vs={right:["tickets","last-order","spend"],middle:["timeline"],left:["contacts","address","account","profile","records"],below:["expected","subscriptions","tags","months"]};function Vr(e){let t=typeof e=="object"&&e!==null?e:{},r=s=>{let o=t[s];return Array.isArray(o)?o.filter(a=>typeof a=="string"):[]};return{regions:r("regions"),hide:new Set(r("hide")),fields:r("fields").filter(s=>/^[a-z][A-Za-z0-9]*$/.test(s)),tags:r("tags")}}function Hr(e,t){let r=Vs[e],s=t.regions.filter(o=>r.includes(o));return[...s,...r.filter(o=>!s.includes(o))].filter(o=>!t.hide.has(o))}function wt({found:e}){let{result:t,failures:r}=e;if(t===null){let u=r[0]?.code??"UNKNOWN";return n("p",{class:"note grey",role:"alert",children:u==="OFFLINE"?l.failure.offline:l.failure.other(u)})}if(t.tooShort)return n("p",{class:"note",children:l.search.tooShort});let{matches:s,unavailable:o,notTried:a}=t,i=o.length===0&&a.length===0;return n("div",{class:"silence",children:[s.length===0&&n("p",{class:"silence-nobody",role:"status",children:[n("strong",{children:i?l.search.nobody:l.search.nobodyYet})," ",i?l.search.nobodySo:l.search.notAsked]}),o.length>0&&n("p",{class:"note grey",children:l.search.unavailable(o.join(", "))}),a.length>0&&n("details",{class:"note",open:s.length===0,children:[n("summary",{children:[l.search.notTried,": ",[...new Set(a.map(u=>u.source))].join(", ")]}),n("ul",{children:a.map(u=>n("li",{children:[n("b",{children:u.source})," ",u.how]},u.source+u.how))})]})]})}var Hs=160;function kt({matches:e,unavailable:t}){let[r,...s]=e.filter(o=>o.exact);return r!==void 0&&s.length===0&&t.length===0?r.customer.id:null}function Kr(e){let[t,r]=h(null),[s,o]=h(!1),[a,i]=h(0),u=H(!1),c=e.trim();return v(()=>{if(c===""){r(null),o(!1);return}o(!0);let p=new AbortController,f=setTimeout(async()=>{try{let g=await B(ft,{text:c},{signal:p.signal});if(p.signal.aborted)return;let m=g.data?.find??null;r({text:c,result:m,failures:g.failures,cards:new Map}),o(!1);let x=m?.matches.map(E=>E.customer.id)??[];if(x.length===0)return;let w=await B(cr,{ids:x},{signal:p.signal});if(p.signal.aborted)return;let _=new Map((w.data?.customers??[]).flatMap(E=>E?[[E.id,E]]:[]));r({text:c,result:m,failures:g.failures,cards:_})}catch(g){if(!p.signal.aborted)throw g}},u.current?0:Hs);return u.current=!1,()=>{clearTimeout(f),p.abort()}},[c,a]),{found:t,busy:s,findNow:()=>{u.current=!0,i(p=>p+1)}}}function Qr({id:e,viewer:t,identity:r}){let s=r.failures.find(({path:a})=>a.length<=1)??null,o=s?.code??null;return v(()=>{o==="ERASED"&&Le(t,[e])},[o]),o==="AMBIGUOUS_IDENTITY"?n(zr,{ids:s.candidates,missing:s.missingSources}):o==="ERASED"?n(rn,{state:"erased",title:l.lost.erased,words:l.lost.erasedSo}):o==="FORBIDDEN"?n(rn,{state:"forbidden",title:l.lost.forbidden,words:l.lost.forbiddenSo}):o==="WITHHELD_PURPOSE"?n(rn,{state:"hidden",title:l.lost.hidden,words:l.lost.hiddenSo}):o!==null&&o!=="INVALID_KEY"?n("main",{id:"content",class:"lost","data-state":"failed",children:[n("h1",{children:l.lost.failed}),n(en,{source:s.source,code:o,region:r}),n(on,{})]}):n(Ks,{id:e,viewer:t})}function on(){return n("p",{children:n("a",{href:"/",onClick:le,children:l.lost.search})})}function rn({state:e,title:t,words:r}){return n("main",{id:"content",class:"lost","data-state":e,children:[n("h1",{children:t}),n("p",{children:r}),n(on,{})]})}function Ks({id:e,viewer:t}){let[r,s]=h(null),[o,a]=h([]);v(()=>{let c=new AbortController;return B(ft,{text:e},{signal:c.signal}).then(({data:d,failures:p})=>{a(p);let f=d?kt(d.find):null;f!==null&&f!==e?ie(ae(f),!0):s(d?.find??{matches:[],unavailable:[],notTried:[],tooShort:!1}),d&&d.find.unavailable.length===0&&Le(t,[e])},()=>{}),()=>c.abort()},[e]);let i=r?.matches.filter(c=>c.exact)??[];if(i.length>1||i.length===1&&i[0].customer.id!==e)return n(zr,{ids:i.map(({customer:c})=>c.id),missing:r?.unavailable??[]});if(r===null)return n("main",{id:"content",class:"lost","aria-busy":"true",children:n(Ne,{})});let u=o.length===0&&r.unavailable.length===0&&r.notTried.length===0;return n("main",{id:"content",class:"lost","data-state":"not-found",children:[n("h1",{children:u?l.lost.title:l.lost.unsure}),n("p",{children:l.lost.tried}),n("div",{class:"finder-result",children:n(wt,{found:{text:e,result:o.length>0?null:r,failures:o,cards:new Map}})}),n(on,{})]})}function zr({ids:e,missing:t}){let[r,s]=h([]);return v(()=>{B(ur,{ids:[...e]}).then(({data:o})=>s((o?.customers??[]).filter(a=>a!==null)))},[e.join()]),n("main",{id:"content",class:"lost","data-state":"ambiguous",children:[n("h1",{children:l.lost.ambiguous}),n("p",{children:l.lost.ambiguousSo}),t.length>0&&n("p",{class:"note grey",children:l.state.missing(t.join(", "))}),n("ul",{class:"cards",children:r.map(o=>n("li",{children:n("a",{href:ae(o.id),onClick:le,children:[n("strong",{children:o.name??o.id}),n("span",{children:[o.company?.name,o.address?.city??o.address?.country].filter(Boolean).join(" · ")}),n("span",{children:o.email})]})},o.id))})]})}var je=class extends Ce{state={broken:!1};static getDerivedStateFromError(){return{broken:!0}}componentDidCatch(t){console.error(t.name)}render(){return this.state.broken?n("p",{class:"unavailable","data-state":"broken",role:"alert",children:l.state.broken}):n(k,{children:this.props.children})}};var Gr={nobody:"无",nav:{label:"页面",customers:"客户",sources:"数据源",tags:"标签",segments:"客群"},chart:{table:"以表格显示",time:"时间",count:"数量",share:"占比",line:(e,t,r)=>`${e}：最近 ${t}，最高 ${r}。`},sources:{title:"数据源",right:"数据源状况仅供网关运维人员查看：调用方须设置 operate = true。",process:(e,t)=>`由进程 ${e} 在 ${t} 统计，其他工作进程各自统计。`,health:{USABLE:"正常查询",PAUSED:"暂停查询",PROBING:"正在试探"},paused:e=>`因持续失败，还要暂停 ${e} 秒`,held:e=>`数据源要求 ${e} 秒内不要查询。`,since:"统计起点",calls:"调用",failed:"失败",p50:"半数耗时不超过",p95:"95% 耗时不超过",recent:e=>`最近五分钟 ${e} 次调用`,none:"最近五分钟没有调用",underWay:"进行中",ofMost:(e,t)=>`${e} / ${t}`,waiting:"等待的键",retries:"重试",openings:"累计暂停",times:e=>`${e} 次`,cache:"由缓存回答",stale:"以旧答案代替",quota:"剩余调用",left:(e,t)=>`现在 ${e}，每秒 ${t}`,quotaLeft:e=>`其自身配额剩余 ${e}`,noQuota:"未设上限",finds:"可查找",perMinute:"每分钟调用",latency:"每分钟耗时",outcomes:"调用结果",code:"代码",ok:"已回答",cancelled:"已放弃",refused:"未调用即拒绝的查询",dropped:"略去的记录",unreadable:"无法读取的值",what:"内容",reason:{missing:"缺失",malformed:"格式不符","out of range":"超出范围"},allReadable:"全部可以读取。",ms:e=>`${e} 毫秒`},tags:{title:"标签",right:"标签的使用与总体分布仅供标签负责人查看：调用方须设置 govern = true。",days:"最近",someDays:e=>`${e} 天`,owner:"负责人",version:"版本",since:"生效起点",review:"复查期限",notNoted:"尚未记录",ttl:"有效期",hours:e=>`${e} 小时`,rule:"规则",thresholds:"阈值",values:"取值",value:"值",noValue:"无值",sample:e=>`随机抽取 ${e} 位客户的取值`,nothingStored:"还没有客户存有此标签。",quality:"完整程度",state:"状态",whole:"完整",partial:"不完整",failed:"失败",usage:e=>`${e} 天内提供给`,caller:"调用方",noName:"无名称",neverAsked:"无人查询过。",readBy:"读取它的客群",starts:"由它触发的动作",history:"规则历史",fingerprint:"规则"},segments:{title:"客群",none:"没有定义客群。",sizes:"成员",segment:"客群",owner:"负责人",condition:"条件",uploaded:"上传的名单",asOf:"统计时间",notCounted:"尚未统计。",spread:"在已计算的客户中",state:"状态",inside:"属于",outside:"不属于",unknown:"无法判断",usage:e=>`${e} 天内查询者`}};var qr={nobody:"none",nav:{label:"Pages",customers:"Customers",sources:"Sources",tags:"Tags",segments:"Segments"},chart:{table:"As a table",time:"Time",count:"Count",share:"Share",line:(e,t,r)=>`${e}: ${t} last, ${r} at most.`},sources:{title:"Sources",right:"How sources are is for those who operate the gateway: callers with operate = true.",process:(e,t)=>`As the process ${e} knows at ${t}. Other workers count their own calls.`,health:{USABLE:"asked",PAUSED:"left alone",PROBING:"being tried"},paused:e=>`for ${e} s more, as it kept failing`,held:e=>`It has asked to be left alone for ${e} s.`,since:"Counted since",calls:"Calls",failed:"Failed",p50:"Half within",p95:"95 of 100 within",recent:e=>`of ${e} calls in five minutes`,none:"no calls in five minutes",underWay:"Under way",ofMost:(e,t)=>`${e} of ${t}`,waiting:"Keys that wait",retries:"Made again",openings:"Left alone so far",times:e=>`${e} times`,cache:"Answered from the cache",stale:"Older answers stood in",quota:"Calls left",left:(e,t)=>`${e} now, ${t} a second`,quotaLeft:e=>`${e} of its own quota`,noQuota:"no limit is set",finds:"Finds",perMinute:"Calls a minute",latency:"Latency a minute",outcomes:"How calls ended",code:"Code",ok:"answered",cancelled:"given up",refused:"Lookups refused without a call",dropped:"Records left out",unreadable:"Values that could not be read",what:"What",reason:{missing:"missing",malformed:"of another form","out of range":"out of range"},allReadable:"Everything could be read.",ms:e=>`${e} ms`},tags:{title:"Tags",right:"Who uses tags, and what they say on the whole, is for those who govern them: callers with govern = true.",days:"Of the last",someDays:e=>`${e} days`,owner:"Owner",version:"Version",since:"In force since",review:"To be looked at by",notNoted:"not noted yet",ttl:"Fresh for",hours:e=>`${e} h`,rule:"The rule",thresholds:"Thresholds",values:"Values",value:"Value",noValue:"no value",sample:e=>`What customers have, ${e} chosen at random`,nothingStored:"No customer has it stored yet.",quality:"How complete it is",state:"State",whole:"complete",partial:"partial",failed:"failed",usage:e=>`Given to, in ${e} days`,caller:"Caller",noName:"without a name",neverAsked:"Nobody has asked for it.",readBy:"Segments that read it",starts:"Actions that it starts",history:"History of the rule",fingerprint:"Rule"},segments:{title:"Segments",none:"No segments are defined.",sizes:"Members",segment:"Segment",owner:"Owner",condition:"The condition",uploaded:"an uploaded list",asOf:"Counted",notCounted:"Not counted yet.",spread:"Of the customers that were computed",state:"State",inside:"in it",outside:"not in it",unknown:"cannot be told",usage:e=>`Asked for by, in ${e} days`}};var Qs={en:qr,zh:Gr},A=Qs[W];function J({title:e,of:t,bars:r}){let s=Math.max(1,...r.map(({value:a,of:i})=>i??a));if(r.length===0)return null;let o=r.some(({of:a})=>a!==void 0);return n("table",{class:"chart bars","data-chart":"bars",children:[n("caption",{children:e}),n("thead",{class:"unseen",children:n("tr",{children:[n("th",{scope:"col",children:t}),n("th",{scope:"col",children:A.chart.count}),o&&n("th",{scope:"col",children:A.chart.share})]})}),n("tbody",{children:r.map(({label:a,value:i,of:u,soft:c})=>n("tr",{children:[n("th",{scope:"row",children:a}),n("td",{class:"drawn",children:[n("svg",{viewBox:"0 0 100 10",preserveAspectRatio:"none","aria-hidden":"true",children:[n("rect",{class:"ground",width:"100",height:"10"}),n("rect",{class:c?"bar-soft":"bar-full",width:100*i/s,height:"10"})]}),n("span",{class:"figure",children:S(i)})]}),o&&n("td",{class:"figure share",children:u?pe(i/u):""})]},a))})]})}var Yr=12;function jr(e){return(e.commerce.customer?.orders?.nodes.length??0)>0?n(zs,{...e}):null}function zs({id:e,now:t}){let r=Ee(()=>Array.from({length:Yr},(u,c)=>new Date(t.getFullYear(),t.getMonth()-Yr+1+c,1)),[t.getFullYear(),t.getMonth()]),s=ce(pr,{id:e,since:r[0].toISOString()}),o=s.customer?.orders??null,a=o!==null&&(o.pageInfo.hasNextPage||o.partial||o.unavailable.length>0),i=r.map((u,c)=>{let d=r[c+1];return(o?.nodes??[]).filter(({placedAt:p})=>{let f=new Date(p);return f>=u&&(d===void 0||f<d)}).length});return n(P,{name:"months",title:l.months.title,region:s,field:"orders",lines:o?.sources,children:[n(me,{list:o,region:s}),o!==null&&n(J,{title:a?l.months.atLeast:l.months.orders,of:l.months.month,bars:r.map((u,c)=>({label:ir(u),value:i[c]}))})]})}function Pe({source:e,link:t}){return t===null||!/^https?:\/\//i.test(t)?null:n("a",{class:"owner-link",href:t,target:"_blank",rel:"noopener noreferrer","aria-label":l.customer.openAt(e),title:l.customer.openAt(e),children:n(z,{name:"link"})})}var Xr=3,Gs=["CANCELLED","RETURNED"];function Zr({commerce:e,now:t}){let r=e.customer?.orders??null,s=r?.nodes[0],o=Qe(e.sources,"ORDER");return n(P,{name:"last-order",title:l.orders.title,region:e,field:"orders",lines:r?.sources,aside:s&&n("span",{class:`status ${sn(s.status)}`,children:l.orders.status[s.status]}),children:[n(me,{list:r,region:e}),!s&&o.length===0&&n(Ye,{sources:e.sources,records:"ORDER"}),!s&&o.length>0&&ne(r)&&n(G,{children:l.orders.none(o.join(", "),Me(r.sources))}),s&&n(qs,{order:s,now:t})]})}function sn(e){return e==="DELIVERED"?"good":Gs.includes(e)?"bad":"open"}function qs({order:e,now:t}){let r=e.items.length-Xr,s=e.refunded!==null&&Number(e.refunded.amount)>0;return n("div",{class:"order",children:[n("p",{class:"order-line",children:[n("span",{title:M(e.placedAt),children:[mt(e.placedAt,t)," ",n("span",{class:"soft",children:ye(e.placedAt,t)})]}),e.total!==null&&n("strong",{class:"amount",children:q(e.total)})]}),n("ul",{class:"items","aria-label":l.orders.pieces,children:[e.items.slice(0,Xr).map((o,a)=>n("li",{children:[n("span",{children:o.name??"–"}),String(o.quantity)!=="1"&&n("span",{class:"soft",children:["× ",o.quantity]})]},a)),r>0&&n("li",{class:"soft",children:l.customer.more(r)})]}),s&&n("p",{class:"soft",children:l.orders.refunded(q(e.refunded))}),n("p",{class:"soft small",children:[e.number!==null&&l.orders.order(e.number)," ",n(Pe,{source:e.source,link:e.link})]})]})}function Jr({commerce:e}){let t=e.customer?.orderStatistics??null,r=t?.partial??!1,s=t&&(r?l.state.atLeast(S(t.count)):S(t.count));return n(P,{name:"spend",title:l.spend.title,region:e,field:"orderStatistics",records:["ORDER"],children:t&&n(k,{children:[n("ul",{class:"sums",children:t.total.map(o=>n("li",{class:"amount",children:r?l.state.atLeast(q(o)):q(o)},o.currency))}),t.count===0&&Qe(e.sources,"ORDER").length===0?n(Ye,{sources:e.sources,records:"ORDER"}):t.count===0&&!r?n(G,{children:l.spend.none}):n("p",{class:"facts soft",children:[n("span",{children:t.count===1&&!r?l.spend.oneOrder:l.spend.orders(s??"")}),t.firstAt!==null&&n("span",{children:(r?l.spend.sinceOrBefore:l.spend.since)(Q(t.firstAt))}),t.refunded.filter(o=>Number(o.amount)>0).map(o=>n("span",{children:l.spend.refunded(r?l.state.atLeast(q(o)):q(o))},o.currency))]})]})})}function eo({commerce:e}){let t=e.customer?.subscriptions??null;return!e.loading&&t?.nodes.length===0&&ne(t)?null:n(P,{name:"subscriptions",title:l.subscriptions.title,region:e,field:"subscriptions",lines:t?.sources,children:[n(me,{list:t,region:e}),n("ul",{class:"rows",children:t?.nodes.map(r=>n("li",{children:[n("span",{children:[r.plan??l.subscriptions.plan," ",n("span",{class:"soft",children:Ys(r)??l.subscriptions.status[r.status]})]}),r.amount!==null&&n("span",{class:"soft",children:[q(r.amount)," ",l.subscriptions.every[r.interval]]})]},r.id))})]})}function Ys({renewsAt:e,cancelledAt:t,endsAt:r}){return r!==null?l.subscriptions.ends(Q(r)):t!==null?l.subscriptions.cancelled(Q(t)):e!==null?l.subscriptions.renews(Q(e)):null}function to(e,t){let[r,s]=h([]),o=t.join(" ");return v(()=>{if(o==="")return;let a=new $(`query OwnFields($id: ID!) { customer(by: {id: $id}) { id ${o} } }`),i=new AbortController;return B(a,{id:e},{signal:i.signal}).then(({data:u})=>s(t.flatMap(c=>{let d=Z(u?.customer?.[c]);return d===""?[]:[[be(L(c)),L(d)]]})),()=>{}),()=>i.abort()},[e,o]),r}function no({identity:e}){let{customer:t}=e,r=(t?.origins??[]).flatMap(({field:s,source:o,others:a})=>{let i=Z(js(t,s)),u=a.filter(({value:c})=>Z(c)!==i);return o!==null&&u.length>0&&i!==""?[{field:s,source:o,own:i,other:u}]:[]});return n(P,{name:"records",title:l.records.title,region:e,field:"records",children:[n("ul",{class:"rows",children:t?.records.map(({source:s,sourceId:o,link:a})=>n("li",{children:[n("span",{children:[s," ",n(Pe,{source:s,link:a})]}),n("code",{children:o})]},s+o))}),t?.identity.complete===!1&&n("p",{class:"soft small",children:l.records.incomplete}),r.length>0&&n(k,{children:[n("h3",{children:l.records.differ}),n("dl",{class:"origins",children:r.map(({field:s,source:o,own:a,other:i})=>n("div",{children:[n("dt",{children:be(L(s))}),n("dd",{children:l.records.says(o,a)}),i.map(u=>n("dd",{class:"soft",children:l.records.says(u.source,Z(u.value))},u.source))]},s))})]})]})}function js(e,t){return e===null?null:e[t]}var ro=["UNAVAILABLE","STALE","FRESH","NOT_CONFIGURED"];function io({regions:e}){let t=Zs(e),r=e.some(d=>d.loading),s=t.filter(({state:d})=>d==="UNAVAILABLE"),o=t.filter(({state:d,asOf:p})=>d==="STALE"&&p!==null),a=t.filter(({state:d,droppedRecords:p})=>d==="FRESH"&&p>0),i=[...s,...o],u=e.filter(d=>{let p=ut(d);return p!==null&&!ee(p)}),c=t.length-i.length;return n("div",{class:"strip",role:"group","aria-label":l.sources.title,children:[r&&t.length===0&&n("span",{class:"pill",children:l.sources.asking}),s.length>0&&n("span",{class:"pill unavailable",children:[n("i",{class:"dot","aria-hidden":"true"}),oo(s),": ",l.sources.unavailable,n($e,{region:ao(s,e),sources:so(s)})]}),o.length>0&&n("span",{class:"pill stale",children:[n("i",{class:"dot","aria-hidden":"true"}),oo(o),": ",l.state.asOf(Ge(o.map(({asOf:d})=>d??"").sort()[0])),n($e,{region:ao(o,e),sources:so(o)})]}),u.length>0&&n("span",{class:"pill unavailable",children:[n("i",{class:"dot","aria-hidden":"true"}),l.sources.refused,n($e,{region:lo(u)})]}),a.map(d=>n("span",{class:"pill",children:[d.name,": ",l.sources.dropped(d.droppedRecords)]},d.name)),c>0&&n("span",{class:"pill fresh",title:t.map(({name:d})=>d).join(", "),children:[n("i",{class:"dot","aria-hidden":"true"}),i.length+u.length===0?l.sources.allWell(c):l.sources.others(c)]})]})}var Xs=3;function oo(e){let t=e.map(({name:r})=>r);return t.length>Xs?`${t.slice(0,2).join(", ")} +${t.length-2}`:t.join(", ")}var so=e=>e.flatMap(({name:t})=>t===null?[]:[t]);function Zs(e){let t=new Map;for(let r of e.flatMap(s=>s.sources)){if(r.name===null||r.state==="NOT_CONFIGURED")continue;let s=t.get(r.name);(!s||ro.indexOf(r.state)<ro.indexOf(s.state))&&t.set(r.name,r)}return[...t.values()]}function ao(e,t){let r=e.map(({name:o})=>o),s=t.filter(({sources:o})=>o.some(({name:a,state:i})=>r.includes(a)&&(i==="UNAVAILABLE"||i==="STALE")));return lo(s)}function lo(e){return{...e[0],asking:e.some(({asking:t})=>t),ask:()=>e.forEach(({ask:t})=>t())}}var an=2,uo=["URGENT","HIGH","NORMAL","LOW","UNKNOWN"];function co({service:e,now:t}){let[r,s]=h(!1),o=e.customer?.open??null,a=[...o?.nodes??[]].sort((g,m)=>uo.indexOf(g.priority)-uo.indexOf(m.priority)||m.createdAt.localeCompare(g.createdAt)),i=ne(o)?o.totalCount:null,u=i!==null?String(i):a.length>0?l.state.atLeast(String(a.length)):"",c=e.customer?.all??null,d=ne(c)?c.totalCount:null,p=ct(e.failures,"subject"),f=Qe(e.sources,"TICKET");return n(P,{name:"tickets",title:l.tickets.title,region:e,field:"open",lines:o?.sources,aside:a.length>0&&n("span",{class:"count",children:u}),children:[n(me,{list:o,region:e}),a.length===0&&f.length===0&&n(Ye,{sources:e.sources,records:"TICKET"}),a.length===0&&f.length>0&&ne(o)&&n(G,{children:[l.tickets.none(f.join(", "),Me(o.sources))," ",d!==null&&d>0&&n("span",{class:"soft",children:l.tickets.ever(d)})]}),n("ul",{class:a.length===1?"tickets single":"tickets",children:(r?a:a.slice(0,an)).map(g=>n("li",{children:n(Js,{ticket:g,now:t,hidden:p})},g.id))}),a.length===1&&d!==null&&d>1&&n("p",{class:"soft small",children:l.tickets.ever(d)}),a.length>an&&n("button",{type:"button",class:"quiet","aria-expanded":r,onClick:()=>s(!r),children:r?l.customer.less:l.customer.more(a.length-an)}),i!==null&&i>a.length&&n("p",{class:"soft small",children:l.tickets.newest(a.length,i)})]})}function Js({ticket:e,now:t,hidden:r}){let s=e.messages.at(-1),o=l.tickets.priority[e.priority];return n("article",{class:"ticket",children:[n("h3",{children:[e.subject??(r?n(te,{}):l.tickets.noSubject)," ",n(Pe,{source:e.source,link:e.link})]}),n("p",{class:"facts soft",children:[o&&n("span",{class:`priority ${e.priority.toLowerCase()}`,children:o}),n("span",{children:l.tickets.status[e.status]}),n("span",{title:M(e.createdAt),children:l.tickets.opened(ye(e.createdAt,t))})]}),s?.body&&n("p",{class:"last-message",children:[n("b",{children:[l.tickets.author[s.author],":"]})," ",s.body]})]})}function Y(e){switch(e.__typename){case"Order":return e.placedAt;case"Ticket":case"Deal":return e.createdAt;case"CustomerSubscription":return e.startedAt;case"Event":case"Survey":return e.at}}var ea={Order:"order",Ticket:"ticket",Event:"event",Deal:"deal",CustomerSubscription:"subscription",Survey:"survey"};function po({entry:e,hidden:t}){let r=X().get("open")===e.id,s=na(e),o=n(k,{children:[n(z,{name:ea[e.__typename]}),n("span",{class:"entry-words",children:go(e,t)}),n("time",{dateTime:Y(e),title:M(Y(e)),children:de(Y(e))})]});return n("li",{class:`entry ${e.__typename.toLowerCase()}`,children:[s===null?n("div",{class:"entry-head",children:o}):n("button",{type:"button",class:"entry-head","aria-expanded":r,onClick:()=>ue({open:r?"":e.id}),children:o}),r&&n("div",{class:"entry-details",children:s})]})}function mo({events:e}){let t=e[0].id,r=X().get("open")===t,s=new Map;for(let a of e)a.__typename==="Event"&&s.set(a.type,(s.get(a.type)??0)+1);let o=[...s].map(([a,i])=>i>1?`${L(a)} × ${i}`:L(a));return n("li",{class:"entry event",children:[n("button",{type:"button",class:"entry-head","aria-expanded":r,onClick:()=>ue({open:r?"":t}),children:[n(z,{name:"event"}),n("span",{class:"entry-words",children:[l.timeline.events(e.length)," ",n("span",{class:"soft",children:o.join(", ")})]}),n("time",{dateTime:Y(e[0]),children:de(Y(e[0]))})]}),r&&n("ol",{class:"entry-details",children:e.map(a=>n("li",{class:"entry-event",children:[n("span",{children:go(a)}),n("time",{dateTime:Y(a),children:de(Y(a))})]},a.id))})]})}function go(e,t=!1){switch(e.__typename){case"Order":return n(k,{children:[n("b",{children:e.number===null?l.timeline.only.ORDER:l.orders.order(e.number)})," ",e.total!==null&&q(e.total)," ",n("span",{class:`status ${sn(e.orderStatus)}`,children:l.orders.status[e.orderStatus]})]});case"Ticket":return n(k,{children:[n("b",{children:e.subject??(t?n(te,{}):l.tickets.noSubject)})," ",n("span",{class:ta(e)?"status bad":"status",children:l.tickets.status[e.ticketStatus]})]});case"Event":return n(k,{children:[be(L(e.type))," ",n("span",{class:"soft",children:e.page??e.feature})]});case"Deal":return n(k,{children:[n("b",{children:e.name??l.timeline.deal})," ",e.amount!==null&&q(e.amount)," ",n("span",{class:"soft",children:e.stageName??l.timeline.stage[e.stage]})]});case"CustomerSubscription":return n(k,{children:[n("b",{children:e.plan??l.subscriptions.plan})," ",e.amount!==null&&q(e.amount)," ",n("span",{class:"soft",children:l.subscriptions.status[e.subscriptionStatus]})]});case"Survey":return n(k,{children:[n("b",{children:l.timeline.survey[e.surveyKind]})," ",e.score!==null&&(e.scale===null?e.score:l.timeline.outOf(String(e.score),String(e.scale)))]})}}var ta=({ticketStatus:e})=>!["SOLVED","CLOSED","UNKNOWN"].includes(e);function na(e){switch(e.__typename){case"Order":return e.items.length===0?null:n("ul",{class:"rows",children:e.items.map((t,r)=>n("li",{children:[n("span",{children:[t.name??"–"," ",String(t.quantity)!=="1"&&n("span",{class:"soft",children:["× ",t.quantity]})]}),t.unitPrice!==null&&n("span",{class:"amount",children:q(t.unitPrice)})]},r))});case"Ticket":return e.messages.length===0?null:n("ol",{class:"messages",children:e.messages.map((t,r)=>n("li",{class:`message ${t.author.toLowerCase()}`,children:[n("p",{class:"soft small",children:[l.tickets.author[t.author]," ",t.at!==null&&n("time",{dateTime:t.at,children:M(t.at)})]}),n("p",{children:t.body})]},r))});case"Survey":return e.comment===null?null:n("p",{children:e.comment});default:return null}}var yo=Object.keys(l.timeline.only);function ln(){let e=(X().get("only")??"").split(",").filter(t=>yo.includes(t));return e.length>0?e:null}function bo({id:e,behaviour:t,now:r}){let s=ln(),o=t.customer?.timeline??null,[a,i]=h(null),[u,c]=h(!1),[d,p]=h(null),f=H(o);f.current=o,v(()=>{i(null),p(null)},[o]);let g=[...o?.nodes??[],...a?.nodes??[]],m=a!==null?a.next:ho(o),x=ct(t.failures,"subject"),w=async()=>{c(!0),p(null);let{data:N,failures:T}=await B(Ie,{id:e,records:s,after:m});if(c(!1),f.current!==o)return;let D=N?.customer?.timeline??null;D===null?p(T[0]?.code??"UNKNOWN"):i({nodes:[...a?.nodes??[],...D.nodes],next:ho(D),lists:[...a?.lists??[],D]})},_=o===null?[]:[o,...a?.lists??[]],E=o&&{unavailable:[...new Set(_.flatMap(({unavailable:N})=>N))],partial:_.some(({partial:N})=>N)},y=[...new Set((o?.sources??[]).flatMap(({name:N})=>N??[]))];return n(P,{name:"timeline",title:l.timeline.title,region:t,field:"timeline",lines:o?.sources,top:n(ra,{kinds:s}),children:[n(me,{list:E,region:t}),g.length===0&&y.length===0&&n(G,{children:l.state.notAsked}),g.length===0&&y.length>0&&ne(E)&&n(G,{children:l.timeline.none(y.join(", "),Me(o.sources))}),sa(g).map(([N,T])=>n("section",{class:"day","aria-label":Xt(Y(T[0])),children:[n("h3",{title:Xt(Y(T[0])),children:ia(T[0],r)}),n("ol",{children:aa(T).map(D=>D.length>1?n(mo,{events:D},D[0].id):n(po,{entry:D[0],hidden:x},D[0].id))})]},N)),m!==null&&n("button",{type:"button",class:"more",disabled:u,onClick:w,children:u?l.state.asking:l.timeline.more}),d!==null&&n("p",{class:"alert small",role:"alert",children:d==="OFFLINE"?l.failure.offline:l.failure.other(d)}),m===null&&g.length>0&&ne(E)&&n("p",{class:"end soft small",children:l.timeline.end})]})}function ra({kinds:e}){return n("div",{class:"filters",role:"group","aria-label":l.timeline.title,children:[n(fo,{on:e===null,name:l.timeline.all,onClick:()=>ue({only:""})}),yo.map(t=>n(fo,{on:e?.includes(t)??!1,name:l.timeline.only[t],onClick:()=>ue({only:oa(e??[],t).join(",")})},t))]})}function fo({on:e,name:t,onClick:r}){return n("button",{type:"button",class:"filter","aria-pressed":e,onClick:r,children:t})}function oa(e,t){return e.includes(t)?e.filter(r=>r!==t):[...e,t]}function ho(e){return e?.pageInfo.hasNextPage?e.pageInfo.endCursor:null}function sa(e){let t=new Map;for(let r of e){let s=new Date(Y(r)).toDateString();t.set(s,[...t.get(s)??[],r])}return[...t]}function aa(e){let t=[];for(let r of e){let s=t.at(-1);r.__typename==="Event"&&s?.[0]?.__typename==="Event"?s.push(r):t.push([r])}return t}function ia(e,t){let r=new Date(Y(e)),s=new Date(t.getTime()-864e5);return r.toDateString()===t.toDateString()?l.timeline.today:r.toDateString()===s.toDateString()?l.timeline.yesterday:mt(Y(e),t)}function Et(e){let[t,r]=h(()=>matchMedia(e).matches);return v(()=>{let s=matchMedia(e),o=()=>r(s.matches);return s.addEventListener("change",o),()=>s.removeEventListener("change",o)},[e]),t}var Xe=["timeline","contact","tags"];function St({id:e,viewer:t,looking:r}){let s=Ee(()=>Vr(r.layout),[r]),o=ce(ht,{id:e}),a=ce(yt,{id:e}),i=ce(bt,{id:e}),u=ce(gt,{id:e}),c=ce(Ie,{id:e,records:ln(),after:null}),d=ce(_t,{id:e,language:W}),p=to(e,s.fields),f=Et("(max-width: 760px)"),g=X().get("tag"),[m,x]=h("timeline");v(()=>{g!==null&&x("tags")},[g]);let w=Ee(pt,[r,o.customer]),_=o.customer?.id??null;if(v(()=>{_!==null&&xr(t,_)},[_,t]),!o.loading&&o.customer===null)return n(Qr,{id:e,viewer:t,identity:o});let E={tickets:n(co,{service:i,now:w}),"last-order":n(Zr,{commerce:u,now:w}),spend:n(Jr,{commerce:u}),timeline:n(bo,{id:e,behaviour:c,now:w}),contacts:n(Ar,{identity:o}),address:n(Or,{identity:o}),account:n(Dr,{identity:o}),profile:n(Ir,{identity:o,completeness:a,own:p}),records:n(no,{identity:o}),subscriptions:n(eo,{commerce:u}),tags:n(Fr,{id:e,tags:d}),expected:n(Mr,{tags:d,commerce:u,now:w}),months:n(jr,{id:e,commerce:u,now:w})},y=(N,T)=>n("div",{class:`column ${N}`,...f&&T?{id:`panel-${T}`,role:"tabpanel","aria-labelledby":`tab-${T}`,hidden:m!==T}:{},children:Hr(N,s).map(D=>n(je,{children:E[D]},D))});return n("main",{id:"content",class:"customer",children:[r.pinnedClock!==null&&n("p",{class:"banner",children:l.customer.pinned(M(r.pinnedClock))}),n(je,{children:n(Br,{identity:o,tags:d,chosen:s.tags,now:w})}),n(io,{regions:[o,i,u,c,d]}),n("div",{class:"columns",children:[y("right"),f&&n(la,{tab:m,onTab:x}),y("middle","timeline"),y("left","contact"),y("below","tags")]}),n("footer",{class:"foot",children:[n("p",{children:l.customer.zone(ar)}),n(Lr,{id:e})]})]})}function la({tab:e,onTab:t}){let r={timeline:l.timeline.title,contact:l.contacts.title,tags:l.tags.title};return n("div",{class:"tabs",role:"tablist",onKeyDown:o=>{let a=o.key==="ArrowRight"?1:o.key==="ArrowLeft"?-1:0;if(a===0)return;let i=Xe[(Xe.indexOf(e)+a+Xe.length)%Xe.length];t(i),document.getElementById(`tab-${i}`)?.focus()},children:Xe.map(o=>n("button",{id:`tab-${o}`,type:"button",role:"tab","aria-selected":e===o,"aria-controls":`panel-${o}`,tabIndex:e===o?0:-1,onClick:()=>t(o),children:r[o]},o))})}function _e(e,t){let{answer:r,asking:s,ask:o}=lt(e,t);return{loading:r===null,asking:s,data:r?.data??null,failures:r?.failures??[],ask:o}}function Ue({title:e,of:t,parts:r}){let s=r.reduce((a,{value:i})=>a+i,0);if(s===0)return null;let o=0;return n("figure",{class:"chart shares","data-chart":"shares",children:[n("figcaption",{children:e}),n("svg",{viewBox:"0 0 100 10",preserveAspectRatio:"none","aria-hidden":"true",children:r.map(({label:a,value:i,tone:u})=>{let c=o;return o+=100*i/s,i>0&&n("rect",{class:`tone-${u}`,x:c,width:100*i/s,height:"10"},a)})}),n("table",{"aria-label":e,children:[n("thead",{class:"unseen",children:n("tr",{children:[n("th",{scope:"col",children:t}),n("th",{scope:"col",children:A.chart.count}),n("th",{scope:"col",children:A.chart.share})]})}),n("tbody",{children:r.map(({label:a,value:i,tone:u})=>n("tr",{children:[n("th",{scope:"row",children:[n("svg",{class:"swatch",viewBox:"0 0 10 10","aria-hidden":"true",children:n("rect",{class:`tone-${u}`,width:"10",height:"10"})}),a]}),n("td",{class:"figure",children:S(i)}),n("td",{class:"figure share",children:pe(i/s)})]},a))})]})]})}function Fe({name:e,title:t,report:r,aside:s,children:o}){return n("main",{id:"content",class:`report report-${e}`,"aria-busy":r.asking,children:[n("header",{class:"report-head",children:[n("h1",{children:t}),n("span",{class:"grow"}),s,n("button",{type:"button",class:"again",disabled:r.asking,onClick:r.ask,children:r.asking?l.state.asking:l.state.askAgain})]}),r.loading?n(Ne,{}):o]})}function We({failures:e,right:t}){let r=e[0],s=r?.code??"UNKNOWN",o=s==="FORBIDDEN"?t:s==="OFFLINE"?l.failure.offline:l.failure.other(s);return n("p",{class:"note grey",role:"status","data-state":s==="FORBIDDEN"?"withheld":"unavailable",children:[o,s==="INVALID_ARGUMENT"&&` ${r?.message??""}`]})}function Be({facts:e}){return n("dl",{class:"figures",children:e.map(([t,r])=>n("div",{children:[n("dt",{children:t}),n("dd",{children:r})]},t))})}var un=e=>e.length===0?A.nobody:e.join(", ");var R=A.tags;function xo({tag:e,figures:t,days:r}){return n("section",{class:"box report-card","data-tag":e.key,"aria-labelledby":`tag-${e.key}`,children:[n("header",{children:[n("h2",{id:`tag-${e.key}`,children:e.label}),n("span",{class:"soft",children:e.key}),n("span",{class:"soft",children:l.tags.category[e.category]})]}),n("p",{children:e.description}),n("p",{class:"words",children:e.words}),n(Be,{facts:[[R.owner,e.owner],[R.version,S(e.version)],[R.since,t===null||t.changedAt===null?R.notNoted:Q(t.changedAt)],...e.review===null?[]:[[R.review,Q(e.review)]],[R.ttl,R.hours(S(e.ttlSeconds/3600))],...e.thresholds.length===0?[]:[[R.thresholds,e.thresholds.map(({name:s,value:o})=>`${s} = ${Z(o)}`).join(", ")]],...t===null?[]:[[R.readBy,un(t.segments)],[R.starts,un(t.actions)]]]}),t!==null&&n(ua,{tag:e,figures:t,days:r}),n("details",{children:[n("summary",{children:[R.rule,n("span",{class:"unseen",children:[": ",e.label]})]}),n("pre",{tabIndex:0,children:e.expression})]})]})}function ua({tag:e,figures:t,days:r}){let{sampled:s,given:o,partial:a,failed:i}=t;return n(k,{children:[n("div",{class:"charts",children:[n(J,{title:R.sample(S(s)),of:R.value,bars:s===0?[]:ca(e,t)}),n(Ue,{title:R.quality,of:R.state,parts:[{label:R.whole,value:Math.max(0,o-a),tone:"good"},{label:R.partial,value:a,tone:"warn"},{label:R.failed,value:i,tone:"bad"},{label:R.noValue,value:Math.max(0,s-Math.max(o,a)-i),tone:"soft"}]}),n(cn,{title:R.usage(S(r)),figures:t})]}),s===0&&n("p",{class:"none",children:R.nothingStored}),t.asked===0&&n("p",{class:"none",children:R.neverAsked}),t.history.length>0&&n(da,{figures:t})]})}function cn({title:e,figures:t}){let r=t.callers.map(({caller:s,asked:o})=>({label:s||R.noName,value:o}));return n(J,{title:e,of:R.caller,bars:r})}function ca(e,{sampled:t,given:r,values:s}){let o=new Map(e.valueLabels.map(({value:i,label:u})=>[i,u]));return[...s.map(({value:i,count:u})=>({label:o.get(i)??L(i),value:u,of:t})),{label:R.noValue,value:t-r,of:t,soft:!0}]}function da({figures:e}){return n("details",{children:[n("summary",{children:R.history}),n("table",{class:"history",children:[n("thead",{children:n("tr",{children:[n("th",{scope:"col",children:R.since}),n("th",{scope:"col",children:R.version}),n("th",{scope:"col",children:R.fingerprint})]})}),n("tbody",{children:e.history.map(({at:t,version:r,fingerprint:s})=>n("tr",{children:[n("th",{scope:"row",children:M(t)}),n("td",{children:r===null?R.notNoted:S(r)}),n("td",{children:n("code",{children:s})})]},t))})]})]})}var pa=[7,30,90,365];function _o(){let[e,t]=h(30),r=_e(fr,{language:W}),s=_e(xt,{days:e}),o=s.data?.tagReport??null,a={...r,asking:r.asking||s.asking,ask:()=>{r.ask(),s.ask()}};return n(Fe,{name:"tags",title:A.tags.title,report:a,aside:n(dn,{days:e,onChange:t}),children:[!s.loading&&o===null&&n(We,{failures:s.failures,right:A.tags.right}),(r.data?.tagDefinitions??[]).map(i=>n(xo,{tag:i,figures:o?.find(({key:u})=>u===i.key)??null,days:e},i.key))]})}function dn({days:e,onChange:t}){return n("label",{class:"span",children:[A.tags.days," ",n("select",{class:"quiet",value:String(e),onChange:r=>t(Number(r.currentTarget.value)),children:pa.map(r=>n("option",{value:String(r),children:A.tags.someDays(S(r))},r))})]})}var K=A.segments;function vo(){let[e,t]=h(30),r=_e(mr,{language:W}),s=_e(xt,{days:e}),o=r.data?.segments??null,a=(o??[]).filter(({count:c})=>c!==null),i=new Map((s.data?.tagReport??[]).map(c=>[c.key,c])),u={...r,asking:r.asking||s.asking,ask:()=>{r.ask(),s.ask()}};return n(Fe,{name:"segments",title:K.title,report:u,aside:n(dn,{days:e,onChange:t}),children:[o===null&&n(We,{failures:r.failures,right:A.tags.right}),o?.length===0&&n("p",{class:"note",children:K.none}),a.length>1&&n("section",{class:"box report-card",children:n(J,{title:K.sizes,of:K.segment,bars:a.map(({label:c,count:d,known:p})=>({label:c,value:d??0,...p?{of:p}:{}}))})}),(o??[]).map(c=>n(ma,{segment:c,usage:i.get(`segment:${c.key}`)??null,days:e},c.key))]})}function ma({segment:e,usage:t,days:r}){let{count:s,known:o,unknown:a}=e;return n("section",{class:"box report-card","data-segment":e.key,"aria-labelledby":`segment-${e.key}`,children:[n("header",{children:[n("h2",{id:`segment-${e.key}`,children:e.label}),n("span",{class:"soft",children:e.key})]}),n("p",{children:e.description}),n("p",{class:"words",children:e.words}),n(Be,{facts:[[K.owner,e.owner],[K.sizes,s===null?K.notCounted:S(s)],[K.asOf,e.asOf===null?K.notCounted:M(e.asOf)]]}),n("div",{class:"charts",children:[s!==null&&o!==null&&e.condition!==null&&n(Ue,{title:K.spread,of:K.state,parts:[{label:K.inside,value:s,tone:"plain"},{label:K.outside,value:Math.max(0,o-s),tone:"soft"},{label:K.unknown,value:a??0,tone:"warn"}]}),t!==null&&n(cn,{title:K.usage(S(r)),figures:t})]}),e.condition===null?n("p",{class:"soft",children:K.uploaded}):n("details",{children:[n("summary",{children:[K.condition,n("span",{class:"unseen",children:[": ",e.label]})]}),n("pre",{tabIndex:0,children:e.condition})]})]})}function pn({title:e,times:t,lines:r,format:s}){let o=r.flatMap(({values:c})=>c.filter(d=>d!==null));if(t.length<2||o.length===0)return null;let a=Math.max(...o)||1,i=r.map(({label:c,values:d})=>A.chart.line(c,...ga(d,s))).join(" "),u=t.map((c,d)=>d).filter(c=>r.some(({values:d})=>d[c]));return n("figure",{class:"chart lines","data-chart":"lines",children:[n("figcaption",{children:e}),n("div",{class:"plot",children:[n("span",{class:"most","aria-hidden":"true",children:s(a)}),n("svg",{viewBox:"0 0 100 40",preserveAspectRatio:"none",role:"img","aria-label":`${e}. ${i}`,children:[n("path",{class:"grid",d:"M0 0.5H100M0 20H100M0 39.5H100"}),r.map(({label:c,tone:d,values:p})=>n("path",{class:`line-${d}`,d:fa(p,a)},c))]}),n("span",{class:"from","aria-hidden":"true",children:de(t[0])}),n("span",{class:"to","aria-hidden":"true",children:de(t.at(-1))})]}),n("p",{class:"legend","aria-hidden":"true",children:r.map(({label:c,tone:d})=>n("span",{class:`key-${d}`,children:c},c))}),n("details",{children:[n("summary",{children:[A.chart.table,n("span",{class:"unseen",children:[": ",e]})]}),n("table",{children:[n("thead",{children:n("tr",{children:[n("th",{scope:"col",children:A.chart.time}),r.map(({label:c})=>n("th",{scope:"col",children:c},c))]})}),n("tbody",{children:u.map(c=>n("tr",{children:[n("th",{scope:"row",children:de(t[c])}),r.map(({label:d,values:p})=>n("td",{class:"figure",children:p[c]===null?"":s(p[c])},d))]},c))})]})]})]})}var wo=.8;function ga(e,t){let r=e.filter(s=>s!==null);return[t(r.at(-1)??0),t(Math.max(0,...r))]}function fa(e,t){let r=100/(e.length-1),s="";return e.forEach((o,a)=>{if(o===null)return;let i=a*r,u=(39.5-39*o/t).toFixed(2),c=a>0&&e[a-1]!==null;s+=c?`L${i.toFixed(2)} ${u}`:`M${Math.max(0,i-wo).toFixed(2)} ${u}h${wo}`}),s}function ko(e,t){let r=e[0];if(r===void 0)return[];let s=Math.max(9,Math.floor((Date.parse(t)-Date.parse(r.at))/6e4)),o=Math.floor(Date.parse(t)/6e4-s)*6e4,a=Math.min(61,s+1),i=Array.from({length:a},(u,c)=>({at:new Date(o+c*6e4).toISOString(),calls:0,failed:0,p50:null,p95:null}));for(let{at:u,calls:c,failed:d,latencyP50Ms:p,latencyP95Ms:f}of e){let g=i[Math.round((Date.parse(u)-o)/6e4)];g!==void 0&&Object.assign(g,{calls:c,failed:d,p50:p,p95:f})}return i}var b=A.sources,mn=e=>b.ms(S(e<10?e:Math.round(e)));function Eo({counts:e,now:t}){let{source:r}=e,s=ko(e.minutes,t),o=s.map(({at:a})=>a);return n("section",{class:"box report-card","data-source":r.name,"aria-labelledby":`source-${r.name}`,children:[n("header",{children:[n("h2",{id:`source-${r.name}`,children:r.name}),n("span",{class:"soft",children:r.kind}),n("span",{class:`health health-${r.health.toLowerCase()}`,"data-state":r.health,children:[b.health[r.health],e.pausedSeconds!==null&&` ${b.paused(S(Math.ceil(e.pausedSeconds)))}`]})]}),e.heldSeconds>0&&n("p",{class:"note grey",children:b.held(S(Math.ceil(e.heldSeconds)))}),n(Be,{facts:ya(e)}),n("div",{class:"charts",children:[n(pn,{title:b.perMinute,times:o,format:S,lines:[{label:b.calls,tone:"plain",values:s.map(({calls:a})=>a)},{label:b.failed,tone:"bad",values:s.map(({failed:a})=>a)}]}),n(pn,{title:b.latency,times:o,format:mn,lines:[{label:b.p50,tone:"plain",values:s.map(({p50:a})=>a)},{label:b.p95,tone:"bad",values:s.map(({p95:a})=>a)}]}),n(Ue,{title:b.outcomes,of:b.code,parts:e.outcomes.map(ha)}),n(J,{title:b.refused,of:b.code,bars:e.refusedLookups.map(({code:a,count:i})=>({label:xe(a),value:i}))}),n(J,{title:b.dropped,of:b.what,bars:e.droppedRecords.map(({record:a,reason:i,count:u})=>({label:`${L(a)}: ${b.reason[i]??i}`,value:u}))}),n(J,{title:b.unreadable,of:b.what,bars:e.unreadableValues.map(({record:a,path:i,reason:u,count:c})=>({label:`${L(a)} ${i??""}: ${b.reason[u]??u}`,value:c}))})]}),e.droppedRecords.length+e.unreadableValues.length===0&&n("p",{class:"none",children:b.allReadable})]})}function ha({code:e,count:t}){return e==="OK"?{label:b.ok,value:t,tone:"good"}:e==="CANCELLED"?{label:b.cancelled,value:t,tone:"soft"}:{label:`${xe(e)} (${e})`,value:t,tone:e==="SOURCE_TIMEOUT"?"warn":"bad"}}function ya(e){let{calls:t,failed:r,latencyP50Ms:s,latencyP95Ms:o,cacheHits:a,cacheMisses:i}=e,u=a+i;return[[b.since,M(e.since)],[b.calls,S(t)],[b.failed,t===0?S(0):`${S(r)} (${pe(r/t)})`],[b.p50,s===null?b.none:mn(s)],[b.p95,o===null?b.none:`${mn(o)} ${b.recent(S(e.recentCalls))}`],[b.underWay,b.ofMost(S(e.callsUnderWay),S(e.maxCalls))],[b.waiting,S(e.waitingKeys)],[b.retries,S(e.retries)],[b.openings,b.times(S(e.breakerOpenings))],[b.cache,u===0?S(0):`${S(a)} (${pe(a/u)})`],[b.stale,S(e.staleAnswers)],[b.quota,ba(e)],[b.finds,[...new Set(e.source.lookups.map(({record:c})=>L(c)))].join(", ")]]}function ba({callsLeft:e,callsPerSecond:t,quotaLeft:r}){return r!==null?b.quotaLeft(S(r)):t===null?b.noQuota:b.left(S(e??0),S(t))}function So(){let e=_e(gr,{}),t=e.data?.sourceActivity??null;return n(Fe,{name:"sources",title:A.sources.title,report:e,children:t===null?n(We,{failures:e.failures,right:A.sources.right}):n(k,{children:[n("p",{class:"note",children:A.sources.process(t.process,M(t.at))}),t.sources.map(r=>n(Eo,{counts:r,now:t.at},r.source.name))]})})}var To={segments:vo,sources:So,tags:_o};var No=/[\p{L}\p{N}]+/gu;function Co(e){return e.normalize("NFKD").replace(/\p{M}/gu,"").toLowerCase()}function gn(e,t){let r=Co(t).match(No)??[],s=[],o=0;for(let a of e.matchAll(No)){let i=xa(a[0],r);i!==0&&(a.index>o&&s.push({text:e.slice(o,a.index),marked:!1}),o=a.index+i,s.push({text:e.slice(a.index,o),marked:!0}))}return o<e.length&&s.push({text:e.slice(o),marked:!1}),s}function Ao(e,t){let r=t.replace(/\D/g,"").replace(/^0+/,""),s=e.replace(/\D/g,"");if(r.length<4||!s.endsWith(r))return[{text:e,marked:!1}];let o=e.length-r.length;return[{text:e.slice(0,o),marked:!1},{text:e.slice(o),marked:!0}].filter(a=>a.text!=="")}function xa(e,t){let r=Co(e),s=0;for(let o of t)r.startsWith(o)?s=Math.max(s,r.length===e.length?o.length:e.length):(o.length>3&&_a(r,o)<=(o.length>7?2:1)||/\p{Script=Han}/u.test(o)&&o.includes(r))&&(s=e.length);return s}function _a(e,t){let r=[],s=Array.from({length:t.length+1},(o,a)=>a);for(let o=1;o<=e.length;o+=1){let a=[o];for(let i=1;i<=t.length;i+=1){let u=e[o-1]===t[i-1],c=Math.min(s[i]+1,a[i-1]+1,s[i-1]+(u?0:1));o>1&&i>1&&e[o-1]===t[i-2]&&e[o-2]===t[i-1]&&(c=Math.min(c,r[i-2]+1)),a.push(c)}[r,s]=[s,a]}return s[t.length]}var va=new Set(["NAME","EMAIL","COMPANY"]);function Do({match:e,typed:t,card:r}){let{customer:s,matchedBy:o,exact:a}=e,i=o==="PHONE"?s.phone:o==="MEMBER_NUMBER"?s.memberNumber:s.email,u=[s.company?.name,s.address?.city??s.address?.country].filter(Boolean),c=o==="PHONE"?Ao:gn;return n("div",{class:"candidate",children:[n("div",{class:"candidate-who",children:[n("strong",{children:n(Oo,{parts:va.has(o)?gn(s.name??s.id,t):ka(s.name??s.id)})}),n("span",{class:"candidate-where",children:u.join(" · ")})]}),n("div",{class:"candidate-what",children:[n("span",{class:"candidate-contact",children:i&&n(Oo,{parts:c(i,t)})}),n("span",{class:"candidate-lately",children:r&&n(wa,{card:r})})]}),n("span",{class:a?"match exact":"match",children:[l.search.by[o]," · ",a?l.search.exact:l.search.similar]})]})}function wa({card:e}){let t=Ro(e.tickets)?e.tickets.totalCount:null,r=Ro(e.orders)?e.orders.nodes[0]:null;return n(k,{children:[t!=null&&t>0&&n("em",{class:"alert",children:l.search.openTickets(t)}),t===0&&n("span",{children:l.search.noOpenTickets}),t===null&&n("span",{children:l.search.ticketsUnknown}),r&&n("span",{children:l.search.lastOrder(ye(r.placedAt,pt()))}),r===null&&n("span",{children:l.search.ordersUnknown})]})}function Ro(e){return e!==null&&e.unavailable.length===0&&!e.partial}var ka=e=>[{text:e,marked:!1}];function Oo({parts:e}){return n(k,{children:e.map((t,r)=>t.marked?n("mark",{children:t.text},r):t.text)})}function Tt({form:e,initial:t="",opensExact:r=!1,onTyped:s}){let[o,a]=h(t),[i,u]=h(0),[c,d]=h(e==="page"),p=H(null),f=Fn(),{found:g,busy:m,findNow:x}=Kr(o),w=g?.result?.matches??[],_=H(r),E=H(!1);v(()=>u(0),[g?.text]),v(()=>{e==="page"&&p.current?.focus()},[e]),v(()=>{if(_.current&&g?.result){_.current=!1;let C=kt(g.result);C!==null&&ie(ae(C),!0)}E.current&&g?.text===o.trim()&&(E.current=!1,g.result?.matches.length===1&&N(0))},[g]),v(()=>{if(e!=="bar")return;let C=I=>{let oe=I.target;I.key==="/"&&!/^(INPUT|TEXTAREA|SELECT)$/.test(oe.tagName)&&(I.preventDefault(),p.current?.focus())};return addEventListener("keydown",C),()=>removeEventListener("keydown",C)},[e]);let y=C=>{_.current=!1,a(C),d(!0),s?.(C)},N=C=>{let I=w[C];I&&(e==="bar"&&(y(""),d(!1),p.current?.blur()),ie(ae(I.customer.id)))},T=C=>{if(!C.isComposing)if(C.key==="ArrowDown"||C.key==="ArrowUp"){C.preventDefault();let I=C.key==="ArrowDown"?1:-1;w.length>0&&u((i+I+w.length)%w.length)}else C.key==="Enter"?(C.preventDefault(),g?.text===o.trim()&&!m?N(i):(E.current=!0,x())):C.key==="Escape"&&(y(""),d(e==="page"))},D=c&&o.trim()!=="",Ze=({currentTarget:C,relatedTarget:I})=>{e==="bar"&&!C.contains(I)&&d(!1)};return n("div",{class:`finder finder-${e}`,role:"search",onFocusOut:Ze,children:[n("div",{class:"finder-box",children:[n(Ea,{}),n("input",{ref:p,type:"text",inputMode:"search",enterKeyHint:"search",role:"combobox","aria-label":l.search.label,"aria-expanded":D&&w.length>0,"aria-controls":f,"aria-autocomplete":"list","aria-activedescendant":D&&w.length>0?`${f}-${i}`:void 0,autocomplete:"off",autocapitalize:"off",spellcheck:!1,placeholder:e==="bar"?l.search.label:l.search.placeholder,value:o,onInput:C=>y(C.currentTarget.value),onKeyDown:T,onFocus:()=>d(!0)}),n("span",{class:m?"spinner":"spinner idle","aria-hidden":"true"}),e==="bar"&&n("kbd",{"aria-hidden":"true",children:"/"})]}),n("p",{class:"unseen",role:"status",children:m?l.search.busy:D&&w.length>0?l.search.found(w.length):""}),n("div",{class:"finder-result",hidden:!D,children:[n("div",{id:f,role:"listbox","aria-label":l.search.label,hidden:w.length===0,children:w.map((C,I)=>n("a",{id:`${f}-${I}`,href:ae(C.customer.id),role:"option",tabIndex:-1,"aria-selected":I===i,onMouseDown:oe=>oe.preventDefault(),onMouseMove:()=>u(I),onClick:oe=>{Vt(oe)||(oe.preventDefault(),N(I))},children:n(Do,{match:C,typed:g?.text??"",card:g?.cards.get(C.customer.id)})},C.customer.id))}),D&&g?.text===o.trim()&&n(wt,{found:g})]})]})}function Ea(){return n("svg",{class:"icon",viewBox:"0 0 20 20","aria-hidden":"true",children:[n("circle",{cx:"9",cy:"9",r:"5.5"}),n("path",{d:"m13.2 13.2 4 4"})]})}var Sa=["phone","email","order","ticket","text"];function Io(){let e=X(),t=Sa.find(o=>e.get(o));if(!t)return null;let r=e.get(t),s=t==="phone"?r.replace(/^ (?=\d)/,"+"):t==="email"?r.trim().replaceAll(" ","+"):r;return ie("/",!0),s}function Lo({viewer:e}){let[t,r]=h(Io),[s,o]=h(0),[a,i]=h(t??"");return v(()=>{let u=()=>{let c=Io();c!==null&&(r(c),o(d=>d+1),i(c))};return addEventListener("hashchange",u),()=>removeEventListener("hashchange",u)},[]),n("main",{id:"content",class:"search-page",children:[n("h1",{children:l.search.label}),n(Tt,{form:"page",initial:t??"",opensExact:t!==null,onTyped:i},s),a.trim()===""&&n(k,{children:[n("p",{class:"hint",children:[l.search.hint," ",n("kbd",{children:"↑"})," ",n("kbd",{children:"↓"})," ",l.search.keys]}),n(Na,{viewer:e})]})]})}var Ta={name:null,address:null,company:null};function Na({viewer:e}){let[t,r]=h([]);if(v(()=>{let o=qe(e);o.length!==0&&B(dr,{ids:o}).then(({data:a,failures:i})=>{let u=a?.customers??[],c=o.filter((d,p)=>u[p]===null&&Ca(i,p));Le(e,c),r(o.flatMap((d,p)=>c.includes(d)?[]:[u[p]??{...Ta,id:d}]))})},[e]),t.length===0)return null;let s=()=>{Le(e,qe(e)),r([])};return n("section",{class:"recent","aria-labelledby":"recent",children:[n("header",{children:[n("h2",{id:"recent",children:l.search.recent}),n("button",{type:"button",class:"quiet",onClick:s,children:l.search.forget})]}),n("ul",{children:t.map(o=>n("li",{children:n("a",{href:ae(o.id),onClick:le,children:[n("strong",{children:o.name??o.id}),n("span",{children:[o.company?.name,o.address?.city??o.address?.country].filter(Boolean).join(" · ")})]})},o.id))})]})}function Ca(e,t){return e.filter(({path:s})=>s[1]===t).every(({code:s})=>s==="ERASED")}function Mo({place:e,viewer:t}){let r=[...t.operates?["sources"]:[],...t.governs?["tags","segments"]:[]];if(r.length===0)return null;let s=e.page==="other"?e.name:"";return n("nav",{class:"pages","aria-label":A.nav.label,children:r.map(o=>n("a",{href:`/${o}`,"aria-current":o===s?"page":void 0,onClick:le,children:A.nav[o]},o))})}var Aa="profile-gateway:session",fn=typeof BroadcastChannel>"u"?null:new BroadcastChannel(Aa);function Nt(){fn?.postMessage(null)}function $o(e){return fn?.addEventListener("message",e),()=>fn?.removeEventListener("message",e)}function Po(e){let t=()=>{document.visibilityState==="visible"&&e()};return addEventListener("focus",t),document.addEventListener("visibilitychange",t),()=>{removeEventListener("focus",t),document.removeEventListener("visibilitychange",t)}}var re=e=>`${e.caller??""}|${e.user??""}`,Uo=e=>`gateway.purpose:${re(e)}`;function Ct(){let[e,t]=h({state:"loading"}),r=H(null),s=H(0),o=Re(async()=>{let i=++s.current,{data:u,failures:c}=await B(Zt,{});if(i!==s.current)return;if(u===null){let m=c[0]?.code??"UNKNOWN";t(m==="UNAUTHENTICATED"?{state:"signed-out"}:{state:"failed",code:m});return}let{viewer:d}=u;r.current!==re(d)&&Tr(),r.current=re(d),sr(d.pinnedClock);let p=d.purposes.map(({key:m})=>m),f=Oe(Uo(d),"session"),g=f!==null&&p.includes(f)?f:d.needsPurpose?d.purpose:null;Yt(g),t(d.needsPurpose&&g===null?{state:"choosing",viewer:d}:{state:"ready",viewer:d,purpose:g})},[]);v(()=>(o(),er(()=>t({state:"signed-out"}))),[o]),v(()=>{if(Se)return;let i=[$o(()=>{t({state:"loading"}),o()}),Po(async()=>{let{data:u}=await B(Zt,{});u!==null&&r.current!==null&&re(u.viewer)!==r.current&&o()})];return()=>i.forEach(u=>u())},[o]);let a=Re(i=>{t(u=>{if(u.state!=="choosing"&&u.state!=="ready")return u;let{viewer:c}=u;return De(Uo(c),i,"session"),Yt(i),{state:"ready",viewer:c,purpose:i}})},[]);return{looking:e,choose:a,again:o}}var Ra={en:"English",zh:"中文"};function Fo({place:e,looking:t,onPurpose:r,onSignedOut:s}){let o=async()=>{try{await fetch("/session",{method:"DELETE",headers:{"x-csrf":"1"},credentials:"same-origin",cache:"no-store"})}catch{}Nt(),s()},a=Et("(max-width: 760px)"),i=n(k,{children:[t.state==="ready"&&n(Mo,{place:e,viewer:t.viewer}),t.state==="ready"&&n("div",{class:"who",children:[n("span",{class:"who-name",title:t.viewer.caller??"",children:Ia(t)}),t.viewer.purposes.length>0&&n("select",{class:"quiet","aria-label":l.viewer.purpose,value:t.purpose??"",onChange:u=>r(u.currentTarget.value||null),children:[!t.viewer.needsPurpose&&n("option",{value:"",children:l.viewer.noPurpose}),t.viewer.purposes.map(({key:u})=>n("option",{value:u,children:u},u))]}),t.viewer.user?.startsWith("key:")&&n("button",{type:"button",class:"quiet",onClick:o,children:l.viewer.signOut})]}),n("select",{class:"quiet language","aria-label":l.viewer.language,value:W,onChange:u=>Zn(u.currentTarget.value),children:Qt.map(u=>n("option",{value:u,lang:u,children:Ra[u]},u))})]});return n("header",{class:"bar",children:[n("a",{class:"brand",href:"/",onClick:le,"aria-label":l.product,children:[n(La,{}),n("span",{children:l.product})]}),t.state==="ready"&&e.page!=="search"?n(Tt,{form:"bar"},`${re(t.viewer)}
${t.purpose}`):null,n("span",{class:"grow"}),a?n(Da,{children:i},`${Oa(e)}
${t.state}`):i]})}var Oa=e=>e.page==="customer"?e.id:e.page==="other"?e.name:"";function Da({children:e}){return n("details",{class:"menu",onKeyDown:r=>{let s=r.currentTarget;r.key!=="Escape"||!s.open||(s.open=!1,s.querySelector("summary")?.focus())},children:[n("summary",{"aria-label":l.viewer.menu,children:n("svg",{class:"icon",viewBox:"0 0 20 20","aria-hidden":"true",children:n("path",{d:"M3 5.5h14M3 10h14M3 14.5h14"})})}),n("div",{class:"menu-content",children:e})]})}function Ia({viewer:e}){return(e.user?.startsWith("key:")?e.caller:e.user)??e.caller??l.viewer.anonymous}function La(){return n("svg",{class:"brand-mark",viewBox:"0 0 24 24","aria-hidden":"true",children:[n("circle",{cx:"12",cy:"12",r:"11"}),n("circle",{cx:"12",cy:"9.5",r:"3.2"}),n("path",{d:"M5.8 18.2c1.2-2.8 3.5-4.2 6.2-4.2s5 1.4 6.2 4.2"})]})}function Wo(){let[e,t]=h(0);return v(()=>Gn(r=>{Jn(r),t(s=>s+1)}),[]),e===0?n(Bo,{}):n(Ma,{given:e})}function Ma({given:e}){let{looking:t,again:r}=Ct();return v(()=>{e>1&&r()},[e]),v(()=>{t.state==="signed-out"&&Ht()},[t.state]),t.state==="ready"?n(St,{id:zn(),viewer:re(t.viewer),looking:t.viewer}):t.state==="failed"?n("main",{id:"content",class:"door",children:n("p",{role:"alert",children:l.failure.other(t.code)})}):n(Bo,{})}function Bo(){return n("main",{id:"content",class:"door","data-state":"waiting",children:n("p",{role:"status",children:l.viewer.waiting})})}function Vo({onDone:e}){let[t,r]=h("");return n("main",{id:"content",class:"door",children:n("form",{onSubmit:async o=>{o.preventDefault();let a=o.currentTarget.elements.namedItem("key"),i={authorization:`Bearer ${a.value.trim()}`,"x-csrf":"1"};a.value="",r("");try{let u=await fetch("/session",{method:"POST",headers:i,credentials:"same-origin",cache:"no-store"});u.ok?(Nt(),e()):r(u.status===401?l.viewer.refused:l.viewer.noSession)}catch{r(l.failure.offline)}},children:[n("h1",{children:l.viewer.signIn}),n("p",{children:l.viewer.signInWhy}),n("label",{children:[l.viewer.key,n("input",{name:"key",type:"password",autocomplete:"off",required:!0,maxLength:4096,"aria-describedby":"problem"})]}),n("p",{id:"problem",class:"alert",role:"alert",children:t}),n("button",{type:"submit",class:"primary",children:l.viewer.signIn})]})})}function Ho({viewer:e,onChosen:t}){return n("main",{id:"content",class:"door",children:n("div",{children:[n("h1",{children:l.viewer.choosePurpose}),n("p",{children:l.viewer.purposeWhy}),n("ul",{children:e.purposes.map(({key:r,basis:s})=>n("li",{children:n("button",{type:"button",class:"choice",onClick:()=>t(r),children:[n("strong",{children:r}),n("span",{children:l.viewer.basis[s]})]})},r))})]})})}function Ko(){return Se?n(Wo,{}):n($a,{})}function $a(){let e=Hn(),{looking:t,choose:r,again:s}=Ct(),o=e.page==="customer"?e.id:e.page==="other"?e.name:"",a=H(o);return v(()=>{a.current!==o&&e.page!=="search"&&Qo(),a.current=o},[o]),n(k,{children:[n("a",{class:"skip",href:"#content",onClick:Ua,children:l.skip}),n(Fo,{place:e,looking:t,onPurpose:r,onSignedOut:s}),n(Pa,{place:e,looking:t,onPurpose:r,onSignedIn:s})]})}function Pa({place:e,looking:t,onPurpose:r,onSignedIn:s}){switch(t.state){case"loading":return n("main",{id:"content","aria-busy":"true"});case"failed":return n("main",{id:"content",class:"door",children:n("div",{role:"alert",children:[n("p",{children:t.code==="OFFLINE"?l.failure.offline:l.failure.other(t.code)}),n("button",{type:"button",class:"primary",onClick:s,children:l.failure.askAgain})]})});case"signed-out":return n(Vo,{onDone:s});case"choosing":return n(Ho,{viewer:t.viewer,onChosen:r});case"ready":{let o=re(t.viewer);if(e.page==="search")return n(Lo,{viewer:o},`${o}${t.purpose}`);if(e.page==="customer")return n(St,{id:e.id,viewer:o,looking:t.viewer},`${e.id}
${o}
${t.purpose}`);let a=To[e.name];return a?n(a,{},`${e.name}
${o}
${t.purpose}`):n("main",{id:"content"})}}}function Ua(e){e.preventDefault(),Qo()}function Qo(){let e=document.getElementById("content");e?.setAttribute("tabindex","-1"),e?.focus()}document.documentElement.lang=W;Cn(n(Ko,{}),document.getElementById("app"));
